"""What a notebook or a script asks of the server: sessions and figures, typed."""
