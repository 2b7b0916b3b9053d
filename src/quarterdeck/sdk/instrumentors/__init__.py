"""How single libraries are made to tell what they do."""
