"""Everything beside the frames: audio, subtitles, attachments, chapters and tags.

Begin with ``passthrough_plan`` (what is copied, converted or lost, decided before any work).
``stream_copier`` carries the plan out, packet by packet; ``audio_transcode`` and
``subtitle_transcode`` re-encode if packets cannot be copied; ``picture_losses`` names what an
output cannot say about its frames.
"""
