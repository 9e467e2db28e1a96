"""The header of weights files."""

# Metadata key of the model card in safetensors files.
CARD_KEY = "impasto"
