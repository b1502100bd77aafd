# SPDX-License-Identifier: GPL-2.0-or-later
"""Sphinx configuration."""
import pathlib
import subprocess
import sys

project = 'qemu-x86_64'
copyright = 'the authors; GPL-2.0-or-later'
release = version = (pathlib.Path(__file__).resolve().parent.parent /
                     'VERSION').read_text().strip()
extensions = []
exclude_patterns = ['_build']
html_theme = 'alabaster'

# The options are described once, in the parser's table.
root = pathlib.Path(__file__).resolve().parent.parent
subprocess.run([sys.executable, root / 'scripts' / 'gen-options-doc.py',
                root / 'linux-user' / 'options.def',
                root / 'docs' / 'user' / 'options.rst'], check=True)
