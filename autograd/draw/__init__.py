"""Drawing: a graph as DOT text, as SVG, as a folded overview, and as a tree for the terminal.

`Graph.to_dot`, `Graph.to_svg`, `Graph.save`, `Graph.fold` and `Value.tree` are the doors to it; Graphviz is
loaded only when something is drawn.
"""
