"""How each side hands events over and receives what concerns it."""
