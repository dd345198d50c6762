"""What is sent and answered about ports and draught notices."""
