"""Qt widgets: show what presenters tell them, say what the user did; never import torch."""

import os

# pyqtgraph would take another Qt where the environment asks it to, and two do not go together.
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"
