"""Settings files: presets and a user's defaults, both below the command line.

Begin with ``apply``, which fills in what the command line leaves open. ``settings_file`` finds and
reads the files, ``layers`` puts one above the other, ``show`` writes what came of them.
"""
