"""Small widgets and layouts of any page."""
