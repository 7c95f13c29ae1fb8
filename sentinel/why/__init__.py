"""Why a node is in its state, and why somebody was told, or was not: figures, conditions, timers, routing."""
