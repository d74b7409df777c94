"""Measurements behind ``symmviz bench``: ratios within one run, never absolute claims."""
