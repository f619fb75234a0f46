"""The decoders: a graph transformer over electrodes emits weights, the weights meet the features.

A prediction is ``b + Σ w·x`` over channels and pairs of channels. In the additive network
the transformer sees where electrodes sit, which are usable and a slow context, and never
the features of the moment; so what is shown as a feature's contribution is exactly what
resetting it does. The free network lets it see the features as well: its weights change
with what they are multiplied by, and contributions are only approximately what they claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from ..features import FeatureSchema
from ..features.measures import get_measure

HEAD_RADIUS = 0.1
_FAR = 1e4
# Of a context in units of its spread.
_MOST = 3.0
_GATE_WIDTH = 16


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
    n_context : int
        Numbers of slow context a channel has.
    width, layers, heads : int
        Of the graph transformer.
    rank : int
        Of each edge weight matrix.
    waves : int
        Sines and cosines of each coordinate, so many half cycles over the head and fewer:
        how sharply weights can change from one electrode to the next.
    architecture : {"additive", "approximate"}
        Whether features of the moment stay out of the transformer.
    """

    n_targets: int
    n_bands: int
    signed: tuple[bool, ...]
    n_connectivity_bands: int
    n_context: int
    width: int = 48
    layers: int = 2
    heads: int = 4
    rank: int = 6
    waves: int = 4
    architecture: Literal["additive", "approximate"] = "additive"

    @classmethod
    def of(
        cls,
        schema: FeatureSchema,
        n_targets: int,
        n_context: int,
        architecture: Literal["additive", "approximate"] = "additive",
    ) -> NetworkShape:
        """Return the usual sizes for features and numbers of context."""
        return cls(
            n_targets,
            len(schema.bands),
            tuple(get_measure(name).antisymmetric for name in schema.measures),
            len(schema.connectivity_bands),
            n_context,
            architecture=architecture,
        )

    @property
    def n_position(self) -> int:
        """Numbers that say where an electrode is."""
        return 3 + 6 * self.waves

    @property
    def n_edges(self) -> int:
        """Numbers a pair of channels has: measures × bands."""
        return len(self.signed) * self.n_connectivity_bands


class Attention(nn.Module):
    """One layer over electrodes, with a learned preference for near or far ones.

    Parameters
    ----------
    width, heads : int
        Sizes.
    n_edges : int
        Features of pairs that steer attention and are carried along; 0 for none.
    """

    def __init__(self, width: int, heads: int, n_edges: int = 0) -> None:
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
        self.steer = nn.Linear(n_edges, heads, bias=False) if n_edges else None
        self.carry = nn.Linear(heads * n_edges, width, bias=False) if n_edges else None

    def forward(self, h: Tensor, apart: Tensor, masked: Tensor, edges: Tensor | None) -> Tensor:
        """Update embeddings (k, channels, width) of k moments.

        `apart` holds squared distances (channels, channels), `masked` what is added to the
        scores of each channel, `edges` features (k, channels, channels, n_edges) or None.
        """
        k, n, width = h.shape
        q, key, v = (
            x.reshape(k, n, self.heads, -1).transpose(1, 2)
            for x in self.query_key_value(self.norm(h)).chunk(3, dim=-1)
        )
        scores = q @ key.transpose(2, 3) / ((width // self.heads) ** 0.5)
        scores = scores - self.distance[:, None, None] * apart + masked
        if edges is not None and self.steer is not None:
            scores = scores + self.steer(edges).permute(0, 3, 1, 2)
        share = torch.softmax(scores, dim=-1)
        h = h + self.out((share @ v).transpose(1, 2).reshape(k, n, width))
        if edges is not None and self.carry is not None:
            along = torch.einsum("khij,kije->kihe", share, edges)
            h = h + self.carry(along.reshape(k, n, -1))
        updated: Tensor = h + self.mlp(h)
        return updated


class Encoder(nn.Module):
    """Electrodes as vectors: places, context, and in the free network the features."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.free = shape.architecture == "approximate"
        self.n_rest = shape.n_bands
        self.waves = shape.waves
        seen = shape.n_position + shape.n_bands + 1 + (shape.n_bands if self.free else 0)
        width = shape.width
        self.embed = nn.Sequential(nn.Linear(seen, width), nn.GELU(), nn.Linear(width, width))
        edges = shape.n_edges if self.free else 0
        self.layers = nn.ModuleList(
            Attention(width, shape.heads, edges) for _ in range(shape.layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(
        self,
        positions: Tensor,
        mask: Tensor,
        context: Tensor,
        power: Tensor | None = None,
        edges: Tensor | None = None,
    ) -> Tensor:
        """Return vectors (k, channels, width) from contexts (k, n_context, channels)."""
        where = positions / HEAD_RADIUS
        waves = [where]
        for frequency in range(1, self.waves + 1):
            waves += [torch.sin(frequency * where), torch.cos(frequency * where)]
        size = torch.log(mask.sum().clamp(min=2.0)).expand(mask.shape)[:, None]
        places = torch.cat([*waves, size], dim=1)
        places = places.expand(context.shape[0], *places.shape)
        seen = [places, context[:, : self.n_rest].transpose(1, 2)]
        if power is not None:
            seen.append(power.transpose(1, 2))
        h = self.embed(torch.cat(seen, dim=2))
        apart = where[:, None, :] - where[None, :, :]
        squared = (apart * apart).sum(dim=-1)
        masked = (mask - 1.0)[None, None, None, :] * _FAR
        for layer in self.layers:
            h = layer(h, squared, masked, edges)
        electrodes: Tensor = self.norm(h)
        return electrodes


class ReadOut(nn.Module):
    """From vectors of electrodes to weights on features, and to the spread of errors."""

    turned: Tensor

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        width, n_maps = shape.width, shape.n_targets * shape.n_edges
        self.node = nn.Linear(width, shape.n_targets * shape.n_bands)
        self.left = nn.Linear(width, n_maps * shape.rank)
        self.right = nn.Linear(width, n_maps * shape.rank)
        # Small weights at first: the sums run over hundreds of pairs.
        for head in (self.node, self.left, self.right):
            nn.init.normal_(head.weight, std=0.03)
            nn.init.zeros_(head.bias)
        # In some people emotions show in power, in others in connectivity.
        n_gates = shape.n_targets * (shape.n_bands + shape.n_edges)
        half_open = nn.Linear(_GATE_WIDTH, n_gates)
        nn.init.zeros_(half_open.weight)
        nn.init.zeros_(half_open.bias)
        self.gate = nn.Sequential(nn.Linear(shape.n_context, _GATE_WIDTH), nn.GELU(), half_open)
        self.log_std = nn.Linear(width + shape.n_context + 1, shape.n_targets)
        signs = torch.tensor([-1.0 if signed else 1.0 for signed in shape.signed])
        # What a pair's features are multiplied with when it is turned round, (n_edges,).
        self.register_buffer("turned", signs.repeat_interleave(shape.n_connectivity_bands))

    def forward(self, h: Tensor, pairs: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return weights on scaled features before they are gated.

        Shapes (k, targets, bands, channels) and (k, targets, edges, pairs).
        """
        shape = self.shape
        n_used = mask.sum().clamp(min=2.0)
        node = self.node(h).reshape(len(h), -1, shape.n_targets, shape.n_bands)
        node = node.permute(0, 2, 3, 1) * (mask / n_used)
        used = mask[pairs[:, 0]] * mask[pairs[:, 1]] / (0.5 * n_used * (n_used - 1.0))
        return node, self._edges(h, pairs) * used

    def gated(self, h: Tensor, context: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return gates on the weights, and log standard deviations.

        Of the context only means over channels are seen, which say how much moves in this
        person, not what. Shapes (k, targets, bands), (k, targets, edges), (k, targets).
        """
        shape = self.shape
        n_used = mask.sum().clamp(min=2.0)
        pooled = ((h * mask[:, None]).sum(dim=1) / n_used).expand(len(context), -1)
        size = torch.log(n_used).expand(len(context))[:, None]
        moving = (context * mask).sum(dim=2) / n_used
        log_std = self.log_std(torch.cat([pooled, moving, size], dim=1))
        gates = 2.0 * torch.sigmoid(self.gate(moving)).reshape(len(context), shape.n_targets, -1)
        return gates[:, :, : shape.n_bands], gates[:, :, shape.n_bands :], log_std

    def _edges(self, h: Tensor, pairs: Tensor) -> Tensor:
        shape = self.shape
        k, n = h.shape[:2]
        maps = shape.n_targets * shape.n_edges
        left = self.left(h).reshape(k, n, maps, shape.rank).transpose(1, 2)
        right = self.right(h).reshape(k, n, maps, shape.rank).transpose(1, 2)
        product = (left @ right.transpose(2, 3)).reshape(k, maps, n * n)
        forward = product[:, :, pairs[:, 0] * n + pairs[:, 1]]
        backward = product[:, :, pairs[:, 1] * n + pairs[:, 0]]
        turned = self.turned.repeat(shape.n_targets)[:, None]
        both: Tensor = forward + turned * backward
        return both.reshape(k, shape.n_targets, shape.n_edges, -1)


class EmotionNetwork(nn.Module):
    """Emotions as a sum over channels and pairs.

    Parameters
    ----------
    shape : NetworkShape
        Sizes and architecture.
    """

    # Buffers, which torch's own types do not tell apart from submodules.
    power_scale: Tensor
    edge_scale: Tensor
    context_scale: Tensor

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.shape = shape
        self.encoder = Encoder(shape)
        self.read_out = ReadOut(shape)
        self.bias = nn.Parameter(torch.zeros(shape.n_targets))
        edges = (len(shape.signed), shape.n_connectivity_bands)
        self.register_buffer("power_scale", torch.ones(shape.n_bands))
        self.register_buffer("edge_scale", torch.ones(edges))
        self.register_buffer("context_scale", torch.ones(shape.n_context))

    def weights(
        self,
        pairs: Tensor,
        positions: Tensor,
        mask: Tensor,
        context: Tensor,
        power: Tensor | None = None,
        connectivity: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what the features of k moments are multiplied with.

        Parameters
        ----------
        pairs, positions, mask : tensor
            As `rtemotion.decoding.model.Model.run` takes them, the same for all moments.
        context : tensor, shape (k, n_context, n_channels)
            The slow context at each.
        power, connectivity : tensor or None
            Features of each moment, for the approximate architecture alone.

        Returns
        -------
        node : tensor, shape (k, n_targets, n_bands, n_channels)
        edge : tensor, shape (k, n_targets, n_measures, n_bands, n_pairs)
        log_std : tensor, shape (k, n_targets)
        """
        shape = self.shape
        context = self._scaled(context, mask)
        if shape.architecture == "additive" or power is None or connectivity is None:
            h = self.encoder(positions, mask, context)
        else:
            h = self._mixed(power, connectivity, pairs, positions, mask, context)
        node, edge = self.read_out(h, pairs, mask)
        node_gate, edge_gate, log_std = self.read_out.gated(h, context, mask)
        edge = (edge * edge_gate[..., None]).reshape(
            len(h), shape.n_targets, len(shape.signed), shape.n_connectivity_bands, -1
        )
        node = node * node_gate[..., None] / self.power_scale[:, None]
        return node, edge / self.edge_scale[:, :, None], log_std

    def seen(
        self,
        power: Tensor,
        connectivity: Tensor,
        pairs: Tensor,
        positions: Tensor,
        mask: Tensor,
        context: Tensor,
    ) -> Tensor:
        """Return what the free encoder makes of k moments, (k, n_channels, width).

        Parameters as for `weights`.
        """
        context = self._scaled(context, mask)
        return self._mixed(power, connectivity, pairs, positions, mask, context)

    def _mixed(
        self,
        power: Tensor,
        connectivity: Tensor,
        pairs: Tensor,
        positions: Tensor,
        mask: Tensor,
        context: Tensor,
    ) -> Tensor:
        now = power * mask / self.power_scale[:, None]
        edges = self._dense(connectivity, pairs, mask)
        h: Tensor = self.encoder(positions, mask, context, now, edges)
        return h

    def course(
        self,
        power: Tensor,
        connectivity: Tensor,
        pairs: Tensor,
        positions: Tensor,
        mask: Tensor,
        contexts: Tensor,
        which: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Decode the frames of a recording at once, by the additive architecture.

        As `weights` and features would, but the encoder, which sees nothing of a context
        but the rest, runs once for all.

        Parameters
        ----------
        power, connectivity : tensor
            Features of all frames, (n_frames, ...).
        pairs, positions, mask : tensor
            As for `weights`.
        contexts : tensor, shape (k, n_context, n_channels)
            With the same rest in all.
        which : tensor of int, shape (n_frames,)
            The context of each frame.

        Returns
        -------
        mean, log_std : tensor, shape (n_frames, n_targets)
        """
        contexts = self._scaled(contexts, mask)
        h = self.encoder(positions, mask, contexts[:1])
        node, edge = (x[0] for x in self.read_out(h, pairs, mask))
        node_gate, edge_gate, log_std = self.read_out.gated(h, contexts, mask)
        scaled = (connectivity / self.edge_scale[:, :, None]).flatten(1, 2)
        by_band = torch.einsum("nbc,tbc->ntb", power / self.power_scale[:, None], node)
        by_edge = torch.einsum("nep,tep->nte", scaled, edge)
        moved = (by_band * node_gate[which]).sum(dim=2) + (by_edge * edge_gate[which]).sum(dim=2)
        return self.bias + moved, log_std[which]

    def _scaled(self, context: Tensor, mask: Tensor) -> Tensor:
        """Return a context in units of its spread; no disturbed channel outweighs the others."""
        return _MOST * torch.tanh(context * mask / (_MOST * self.context_scale[:, None]))

    def _dense(self, connectivity: Tensor, pairs: Tensor, mask: Tensor) -> Tensor:
        """Return pairs' features as (k, n, n, n_edges), those of (j, i) turned."""
        k, n = connectivity.shape[0], mask.shape[0]
        used = mask[pairs[:, 0]] * mask[pairs[:, 1]]
        flat = (connectivity / self.edge_scale[:, :, None] * used).flatten(1, 2)
        there, back = pairs[:, 0] * n + pairs[:, 1], pairs[:, 1] * n + pairs[:, 0]
        empty = torch.zeros(k, flat.shape[1], n * n, dtype=flat.dtype, device=flat.device)
        dense = empty.scatter(2, there.expand(k, flat.shape[1], -1), flat)
        turned = empty.scatter(
            2, back.expand(k, flat.shape[1], -1), flat * self.read_out.turned[:, None]
        )
        return (dense + turned).reshape(k, flat.shape[1], n, n).permute(0, 2, 3, 1)

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

        Shapes as in `rtemotion.decoding.model.Model.run`. The additive architecture
        returns the weights and the constant behind the prediction as well, which change
        only with positions, mask and context.
        """
        node, edge, log_std = (
            x[0]
            for x in self.weights(
                pairs, positions, mask, context[None], power[None], connectivity[None]
            )
        )
        node, edge, bias = node.double(), edge.double(), self.bias.double()
        by_node = (node * power.double()).sum(dim=1)
        by_edge = (edge * connectivity.double()).sum(dim=(1, 2))
        mean = bias + by_node.sum(dim=1) + by_edge.sum(dim=1)
        decoded = mean, torch.exp(log_std), by_node, by_edge
        return (*decoded, node, edge, bias) if self.shape.architecture == "additive" else decoded
