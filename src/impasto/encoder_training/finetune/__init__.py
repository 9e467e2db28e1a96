"""Fine-tuning of an encoder on class folders."""
