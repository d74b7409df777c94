"""Fields of forms, made from the settings table, and how they line up."""
