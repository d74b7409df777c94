"""The symmviz desktop application."""
