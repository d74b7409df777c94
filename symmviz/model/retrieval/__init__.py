"""What the Retrieve page shows."""
