"""The Hugging Face Hub; only this package imports huggingface_hub.

``download`` fetches one file into the library's cache, ``upload`` pushes weights with their model
card, ``errors`` turns the library's errors into messages that a person can act on.
"""
