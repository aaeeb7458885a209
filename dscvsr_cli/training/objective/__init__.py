"""Losses: begin with ``objective``, which weighs and adds them all (Eq. 6).

``losses`` compares frames and flows, ``perceptual`` their VGG-19 features, ``distillation`` the
features of student and teacher (Eq. 5). ``blockwise`` trains every part separately on the teacher's
features.
"""
