"""The additive decoder: a context network emits weights, the weights meet the features.

A prediction is ``b + Σ w·x`` over channels and pairs of channels. The weights
come from a small graph transformer over the electrodes that sees where they
sit, which are usable and a slow context, and never the features of the moment;
so what is shown as a feature's contribution is exactly what resetting it does.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

HEAD_RADIUS = 0.1
FREQUENCIES = 3
N_POSITION = 3 + 6 * FREQUENCIES


@dataclass(frozen=True)
class NetworkShape:
    """Sizes of the network.

    Attributes
    ----------
    n_targets, n_bands : int
        Outputs, and bands with power.
    signed : tuple of bool
        One a measure: whether it changes sign when a pair is turned round.
    n_connectivity_bands : int
        Bands with connectivity.
    width, layers, heads : int
        Of the graph transformer.
    rank : int
        Of each edge weight matrix.
    """

    n_targets: int
    n_bands: int
    signed: tuple[bool, ...]
    n_connectivity_bands: int
    width: int = 48
    layers: int = 2
    heads: int = 4
    rank: int = 6

    @property
    def n_edge_maps(self) -> int:
        """Edge weight matrices: targets × measures × bands."""
        return self.n_targets * len(self.signed) * self.n_connectivity_bands


class Attention(nn.Module):
    """One layer over electrodes, with a learned preference for near or far ones."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.distance = nn.Parameter(torch.zeros(heads))
        self.mlp = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, 2 * width),
            nn.GELU(),
            nn.Linear(2 * width, width),
        )

    def forward(self, h: Tensor, squared_distance: Tensor, masked: Tensor) -> Tensor:
        """Update embeddings (channels, width)."""
        q, k, v = (
            x.reshape(-1, self.heads, x.shape[-1] // self.heads).transpose(0, 1)
            for x in self.query_key_value(self.norm(h)).chunk(3, dim=-1)
        )
        scores = q @ k.transpose(1, 2) / (q.shape[-1] ** 0.5)
        scores = scores - self.distance[:, None, None] * squared_distance + masked
        mixed = (torch.softmax(scores, dim=-1) @ v).transpose(0, 1).reshape(h.shape)
        h = h + self.out(mixed)
        updated: Tensor = h + self.mlp(h)
        return updated


class AdditiveNetwork(nn.Module):
    """Emotions as a sum over channels and pairs.

    Parameters
    ----------
    shape : NetworkShape
        Sizes.
    """

    # Buffers, which torch's own types do not tell apart from submodules.
    turned: Tensor
    power_scale: Tensor
    edge_scale: Tensor

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.embed = nn.Sequential(
            nn.Linear(N_POSITION + shape.n_bands + 1, width), nn.GELU(), nn.Linear(width, width)
        )
        self.layers = nn.ModuleList(Attention(width, shape.heads) for _ in range(shape.layers))
        self.norm = nn.LayerNorm(width)
        self.node_head = nn.Linear(width, shape.n_targets * shape.n_bands)
        self.left = nn.Linear(width, shape.n_edge_maps * shape.rank)
        self.right = nn.Linear(width, shape.n_edge_maps * shape.rank)
        # Small weights at first: the sums run over hundreds of pairs.
        for head in (self.node_head, self.left, self.right):
            nn.init.normal_(head.weight, std=0.1)
            nn.init.zeros_(head.bias)
        self.log_std = nn.Linear(width + 1, shape.n_targets)
        self.bias = nn.Parameter(torch.zeros(shape.n_targets))
        signs = torch.tensor([-1.0 if signed else 1.0 for signed in shape.signed])
        self.register_buffer("turned", signs.repeat_interleave(shape.n_connectivity_bands))
        self.register_buffer("power_scale", torch.ones(shape.n_bands))
        edge_shape = (len(shape.signed), shape.n_connectivity_bands)
        self.register_buffer("edge_scale", torch.ones(edge_shape))

    def weights(
        self, pairs: Tensor, positions: Tensor, mask: Tensor, context: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the features are multiplied with.

        Returns
        -------
        node : tensor, shape (n_targets, n_bands, n_channels)
        edge : tensor, shape (n_targets, n_measures, n_bands, n_pairs)
        log_std : tensor, shape (n_targets,)
        """
        shape = self.shape
        n_used = mask.sum().clamp(min=2.0)
        h = self._electrodes(positions, mask, context, n_used)
        pooled = (h * mask[:, None]).sum(dim=0) / n_used
        size = torch.log(n_used)[None]
        log_std = self.log_std(torch.cat([pooled, size]))
        node = self.node_head(h).reshape(-1, shape.n_targets, shape.n_bands).permute(1, 2, 0)
        node = node * mask / (self.power_scale[:, None] * n_used)
        edge = self._edges(h, pairs)
        used = mask[pairs[:, 0]] * mask[pairs[:, 1]]
        edge = edge * used / (self.edge_scale[:, :, None] * 0.5 * n_used * (n_used - 1.0))
        return node, edge, log_std

    def _electrodes(
        self, positions: Tensor, mask: Tensor, context: Tensor, n_used: Tensor
    ) -> Tensor:
        where = positions / HEAD_RADIUS
        waves = [where]
        for k in range(1, FREQUENCIES + 1):
            waves += [torch.sin(k * where), torch.cos(k * where)]
        size = torch.log(n_used).expand(mask.shape)[:, None]
        h = self.embed(torch.cat([*waves, context.transpose(0, 1), size], dim=1))
        apart = where[:, None, :] - where[None, :, :]
        squared = (apart * apart).sum(dim=-1)
        masked = (mask - 1.0)[None, None, :] * 1e4
        for layer in self.layers:
            h = layer(h, squared, masked)
        electrodes: Tensor = self.norm(h)
        return electrodes

    def _edges(self, h: Tensor, pairs: Tensor) -> Tensor:
        shape = self.shape
        maps, rank, n = shape.n_edge_maps, shape.rank, h.shape[0]
        left = self.left(h).reshape(n, maps, rank).transpose(0, 1)
        right = self.right(h).reshape(n, maps, rank).transpose(0, 1)
        product = left @ right.transpose(1, 2)
        forward = product.reshape(maps, n * n)[:, pairs[:, 0] * n + pairs[:, 1]]
        backward = product.reshape(maps, n * n)[:, pairs[:, 1] * n + pairs[:, 0]]
        turned = self.turned.repeat(shape.n_targets)[:, None]
        both = forward + turned * backward
        edges: Tensor = both.reshape(
            shape.n_targets, len(shape.signed), shape.n_connectivity_bands, pairs.shape[0]
        )
        return edges

    def forward(
        self,
        power: Tensor,
        connectivity: Tensor,
        pairs: Tensor,
        positions: Tensor,
        mask: Tensor,
        context: Tensor,
    ) -> tuple[Tensor, ...]:
        """Decode one window; the sums run in double precision.

        Shapes as in `rtemotion.decoding.model.Model.run`, followed by the weights
        and the constant behind the prediction, which change only with positions,
        mask and context.
        """
        node, edge, log_std = self.weights(pairs, positions, mask, context)
        node, edge, bias = node.double(), edge.double(), self.bias.double()
        by_node = (node * power.double()).sum(dim=1)
        by_edge = (edge * connectivity.double()).sum(dim=(1, 2))
        mean = bias + by_node.sum(dim=1) + by_edge.sum(dim=1)
        return mean, torch.exp(log_std), by_node, by_edge, node, edge, bias
