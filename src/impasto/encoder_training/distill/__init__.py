"""Distillation of the compact encoder from VGG-19."""
