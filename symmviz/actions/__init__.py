"""What the user does, carried out: one module for each page, or for each kind of wish."""
