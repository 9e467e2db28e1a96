"""Training of encoders: distillation from VGG-19 and fine-tuning on class folders."""
