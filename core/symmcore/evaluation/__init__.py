"""How good an embedding is: retrieval, clustering, and where its synthetic points lie."""

from symmcore.evaluation.clustering import ClusteringScores, clustering_scores
from symmcore.evaluation.diagnosis import Diagnosis, diagnose
from symmcore.evaluation.precision import RetrievalPrecision, precision_at_r
from symmcore.evaluation.recall import Recall, recall_at_k
from symmcore.evaluation.summary import summary
from symmcore.evaluation.synthetic import cycle_partners, synthetic_recall_at_1

__all__ = [
    "ClusteringScores",
    "Diagnosis",
    "Recall",
    "RetrievalPrecision",
    "clustering_scores",
    "cycle_partners",
    "diagnose",
    "precision_at_r",
    "recall_at_k",
    "summary",
    "synthetic_recall_at_1",
]
