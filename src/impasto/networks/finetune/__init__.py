"""Fine-tuning an encoder on one's own pictures (`impasto finetune`)."""
