"""Live view: second streams while somebody looks (in exam-recorder), pictures from them (in exam-clips)."""
