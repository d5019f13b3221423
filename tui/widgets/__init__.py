"""What is on the screen: widgets that look at the market and send messages, without any I/O."""
