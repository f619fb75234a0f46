"""The mixing encoder on the electrodes it was fitted on, as a graph that takes raw features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ...decoding.card import Agreement, ModelCard
from ...decoding.tied import TOLERANCE
from ...features.measures import get_measure
from ...signal import FloatArray
from ..export import export
from ..linear_export import Electrodes
from ..nonlinear_export import agreement_of, approximate, electrode_inputs
from .encoder import EncoderRegressor
from .fitted import Fitted

HOW = "what features are multiplied with at the moment times the distance from the reference"


class Placed(nn.Module):
    """Standardises the features of known electrodes, whatever their order, and reads them out.

    Parameters
    ----------
    fitted : Fitted
        One mixing encoder on all features.
    electrodes : Electrodes
    std : array, shape (n_targets,)
        Standard deviation of its estimates.
    """

    places: Tensor
    node_mean: Tensor
    node_scale: Tensor
    edge_mean: Tensor
    edge_scale: Tensor
    number: Tensor
    turned: Tensor
    centre: Tensor
    spread: Tensor
    off: Tensor

    def __init__(self, fitted: Fitted, electrodes: Electrodes, std: FloatArray) -> None:
        super().__init__()
        (part,) = fitted.parts
        estimator: EncoderRegressor = part.estimator
        layout = estimator.layout
        n = len(electrodes.channels)
        self.network = estimator.network_
        i, j = electrodes.pairs.T
        number = np.zeros((n, n), dtype=np.int64)
        number[i, j] = number[j, i] = np.arange(len(i))
        signs = [-1.0 if get_measure(m).antisymmetric else 1.0 for m in layout.schema.measures]
        turned = np.ones((len(signs), n, n))
        turned[:, j, i] = np.asarray(signs)[:, None]
        for name, value in {"mean": fitted.mean, "scale": fitted.scale}.items():
            node, edge = np.split(value, [layout.n_power])
            self._keep(f"node_{name}", node.reshape(-1, n))
            self._keep(f"edge_{name}", edge.reshape(layout.edges))
        self._keep("places", electrodes.positions)
        self._keep("turned", turned.reshape(len(signs), -1))
        self.register_buffer("number", torch.as_tensor(number.ravel()))
        for name, value in (("centre", estimator.centre_), ("spread", estimator.spread_)):
            self.register_buffer(name, torch.as_tensor(value))
        self.register_buffer("off", torch.as_tensor(std))

    def _keep(self, name: str, value: FloatArray) -> None:
        self.register_buffer(name, torch.as_tensor(value.astype(np.float32)))

    def forward(
        self,
        power: Tensor,
        connectivity: Tensor,
        pairs: Tensor,
        positions: Tensor,
        mask: Tensor,
        context: Tensor,
    ) -> tuple[Tensor, ...]:
        """Decode one window, shapes as in `rtemotion.decoding.model.Model.run`."""
        away = ((positions[:, None] - self.places) ** 2).sum(dim=2)
        which = away.argmin(dim=1)
        used = mask * (away.amin(dim=1) < TOLERANCE**2).float()
        both = used[pairs[:, 0]] * used[pairs[:, 1]]
        flat = which[pairs[:, 0]] * len(self.places) + which[pairs[:, 1]]
        number, sign = self.number[flat], self.turned[:, flat][:, None]
        power, connectivity = power * used, connectivity * both
        node_scale, edge_scale = self.node_scale[:, which], self.edge_scale[:, :, number]
        z = (power - self.node_mean[:, which]) / node_scale
        z_edges = (connectivity - sign * self.edge_mean[:, :, number]) / edge_scale
        nothing = 0.0 * context
        node, edge, _ = self.network.weights(
            pairs, positions, used, nothing[None], z[None], z_edges[None]
        )
        node, edge = node[0].double(), edge[0].double()
        mean = self.network.bias.double() + (node * z.double()).sum(dim=(1, 2))
        mean = mean + (edge * z_edges.double()).sum(dim=(1, 2, 3))
        by_node = (node * (power / node_scale).double()).sum(dim=1)
        by_edge = (edge * (connectivity / edge_scale).double()).sum(dim=(1, 2))
        spread = self.spread[:, None]
        return (
            self.centre + self.spread * mean,
            self.off + 0.0 * mean,
            spread * by_node,
            (spread * by_edge),
        )


def export_mixing(
    fitted: Fitted,
    card: ModelCard,
    electrodes: Electrodes,
    rows: FloatArray,
    std: FloatArray,
    path: Path,
) -> Agreement:
    """Write a mixing encoder as a model file; parameters as for `linear_export.export_linear`."""
    placed = Placed(fitted, electrodes, std).eval()
    rest = {k: torch.as_tensor(v) for k, v in electrode_inputs(card, electrodes).items()}

    def run(power: FloatArray, connectivity: FloatArray) -> Sequence[FloatArray]:
        with torch.no_grad():
            mean, _, node, edge = placed(
                torch.as_tensor(power), torch.as_tensor(connectivity), **rest
            )
        return [x.numpy() for x in (mean, node, edge)]

    agreement = agreement_of(run, card, electrodes, rows, HOW)
    export(placed, approximate(card, agreement, electrodes), path)
    return agreement
