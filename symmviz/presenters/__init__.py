"""Turn records into what views show; know no widgets and import no Qt."""
