"""What each venue's bytes mean, both ways. Pure: no socket, no clock, no sleep."""
