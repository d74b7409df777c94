"""Pictures, icons and styles that ship with symmviz."""
