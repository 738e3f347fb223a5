"""How Sphinx builds the site: ``sphinx-build -W docs build/site``, ``-D nb_execution_mode=off`` to run no notebooks.

Nothing is loaded from a network, neither by the build nor by the pages.
"""

import sys
from pathlib import Path

import autograd

sys.path.insert(0, str(Path(__file__).parent))

project = "edgegrad"
author = "the edgegrad authors"
project_copyright = "the edgegrad authors, MIT licence"
version = release = autograd.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.napoleon", "myst_nb", "sphinx_design", "sphinx_copybutton"]
# Ours, beside this file.
extensions += [
    "example_pages", "gallery", "job_pages", "mathml", "notebook_pages", "pictures", "playground.build", "reference",
    "row_pages",
]  # fmt: skip
exclude_patterns = ["_static"]

myst_enable_extensions = ["colon_fence", "dollarmath", "attrs_block"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True

add_module_names = False
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

html_math_renderer = "mathml"
html_theme = "furo"
html_title = f"edgegrad {version}"
html_static_path = ["_static"]
html_css_files = ["site.css", "lectures.css"]
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which pages opened as files cannot do
