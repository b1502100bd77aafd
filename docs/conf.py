# SPDX-License-Identifier: GPL-2.0-or-later
"""Sphinx configuration."""
import pathlib

project = 'qemu-x86_64'
copyright = 'the authors; GPL-2.0-or-later'
release = version = (pathlib.Path(__file__).resolve().parent.parent /
                     'VERSION').read_text().strip()
extensions = []
exclude_patterns = ['_build']
html_theme = 'alabaster'
