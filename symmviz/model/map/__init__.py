"""What the maps show."""
