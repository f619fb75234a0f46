"""Graph measures of undirected, weighted connectivity matrices.

Every function takes a symmetric array (n, n) of weights that are finite and
not negative, with zeros on the diagonal; a weight of zero is no edge.
`adjacency` makes one from a vector of pairs. A path is as long as the sum of
1/weight over its edges.

A channel without any edge, as a masked one, still counts among the n channels
in whatever is averaged over channels or pairs. To leave such channels out,
take them out of the matrix: ``kept = weights.any(axis=0)``, then
``weights[np.ix_(kept, kept)]``.
"""

from .edges import clustering, eigenvector_centrality, maximum_spanning_tree, strength
from .modules import communities, modularity
from .paths import (
    betweenness_centrality,
    characteristic_path_length,
    diameter,
    global_efficiency,
    local_efficiency,
    path_lengths,
)
from .weights import adjacency

__all__ = [
    "adjacency",
    "betweenness_centrality",
    "characteristic_path_length",
    "clustering",
    "communities",
    "diameter",
    "eigenvector_centrality",
    "global_efficiency",
    "local_efficiency",
    "maximum_spanning_tree",
    "modularity",
    "path_lengths",
    "strength",
]
