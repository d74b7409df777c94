"""A run's scores beside the paper's, as lines of text."""

from symmcore.records import EvalRecord
from symmcore.settings.networks import FROM_SCRATCH, network_info
from symmcore.training.config import TrainingConfig, preset_config
from symmviz.model.runs.paper_scores import PaperScores


def score_table(record: EvalRecord, paper: PaperScores, config: TrainingConfig) -> list[str]:
    """A table of percents, and a line that says what differs from the paper's training.

    Args:
        record: a run's last evaluation.
        paper: the paper's numbers for its dataset and loss.
        config: the training.
    """
    own = {"NMI": record.test_nmi, "F1": record.test_f1}
    own |= {f"R@{k}": share for k, share in record.test_recall_at}
    theirs = {"NMI": paper.nmi, "F1": paper.f1}
    theirs |= {f"R@{k}": percent for k, percent in paper.recall_at}
    title = f"paper (Table {paper.table})"
    lines = [f"  {'in percent':<12}{'this run':>8}  {title}"]
    for name, share in own.items():
        if share is not None:
            percent = f"{theirs[name]:.1f}" if name in theirs else "-"
            lines.append(f"  {name:<12}{100 * share:>8.1f}  {percent:>{len(title)}}")
    differences = _differences(config)
    if differences:
        lines.append(f"  Differs from the paper: {', '.join(differences)}.")
    return lines


def _differences(config: TrainingConfig) -> list[str]:
    paper = preset_config("paper")
    differences = []
    if config.network != paper.network:
        names = (network_info(name).title for name in (config.network, paper.network))
        differences.append("the network is {}, not {}".format(*names))
    if config.weights == FROM_SCRATCH:
        differences.append("it began from scratch, not from ImageNet weights")
    if config.dim != paper.dim:
        differences.append(f"an embedding has {config.dim} dimensions, not {paper.dim}")
    if config.transform != paper.transform:
        differences.append("images are transformed otherwise")
    if config.batch_size != paper.batch_size:
        differences.append(f"a batch has {config.batch_size} images, not {paper.batch_size}")
    if config.learning_rate != paper.learning_rate or config.schedule != paper.schedule:
        differences.append(f"the learning rate is not {paper.learning_rate:g} throughout")
    return differences
