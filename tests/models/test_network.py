import pytest
import torch

from rtemotion.models.network import EmotionNetwork, NetworkShape

N_CONTEXT = 7
SHAPE = NetworkShape(3, 5, (True, False), 4, N_CONTEXT, width=16, layers=1, heads=2, rank=2)
FREE = NetworkShape(
    3, 5, (True, False), 4, N_CONTEXT, 16, layers=1, heads=2, rank=2, architecture="approximate"
)


def electrodes(n: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n)
    positions = torch.randn(n, 3, generator=generator)
    positions = 0.095 * positions / positions.norm(dim=1, keepdim=True)
    pairs = torch.triu_indices(n, n, offset=1).T
    return pairs, positions, torch.ones(n), torch.randn(2, N_CONTEXT, n, generator=generator)


def features(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(100 + n)
    power = torch.randn(2, 5, n, generator=generator)
    return power, 0.1 * torch.randn(2, 2, 4, n * (n - 1) // 2, generator=generator)


def network(shape: NetworkShape = SHAPE) -> EmotionNetwork:
    torch.manual_seed(0)
    made = EmotionNetwork(shape).eval()
    # Gates start out open, whatever the context: give them something to say.
    torch.nn.init.normal_(made.read_out.gate[2].weight, std=0.3)
    return made


def test_a_signed_measure_turns_with_its_pair_and_an_unsigned_one_does_not() -> None:
    pairs, *rest = electrodes(6)
    with torch.no_grad():
        _, forward, _ = network().weights(pairs, *rest)
        _, backward, _ = network().weights(pairs.flip(1), *rest)
    torch.testing.assert_close(backward[:, :, 0], -forward[:, :, 0])
    torch.testing.assert_close(backward[:, :, 1], forward[:, :, 1])


def test_moments_do_not_see_each_other() -> None:
    pairs, positions, mask, context = electrodes(6)
    with torch.no_grad():
        both = network().weights(pairs, positions, mask, context)
        alone = network().weights(pairs, positions, mask, context[1:])
    for a, b in zip(both, alone, strict=True):
        torch.testing.assert_close(a[1:], b)


def test_a_course_is_what_weights_make_of_each_frame() -> None:
    pairs, positions, mask, context = electrodes(6)
    mask[4] = 0.0
    context[:, :5] = context[0, :5]
    power, connectivity = features(6)
    which = torch.tensor([1, 0])
    made = network()
    with torch.no_grad():
        mean, log_std = made.course(power, connectivity, pairs, positions, mask, context, which)
        for frame, k in enumerate(which.tolist()):
            rest = (pairs, positions, mask, context[k])
            expected, std, *_ = made(power[frame], connectivity[frame], *rest)
            torch.testing.assert_close(mean[frame].double(), expected, atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(torch.exp(log_std[frame]), std)


@pytest.mark.parametrize("shape", [SHAPE, FREE], ids=lambda s: s.architecture)
def test_only_the_free_network_lets_the_moment_into_its_weights(shape: NetworkShape) -> None:
    pairs, positions, mask, context = electrodes(6)
    power, connectivity = (x[0] for x in features(6))
    rest = (pairs, positions, mask, context[0])
    made = network(shape)
    with torch.no_grad():
        contributions = made(power, connectivity, *rest)[2:4]
        thrice = made(3 * power, 3 * connectivity, *rest)[2:4]
    linear = [
        torch.allclose(3 * a, b, atol=1e-6) for a, b in zip(contributions, thrice, strict=True)
    ]
    assert all(linear) == (shape.architecture == "additive")
    assert not any(torch.equal(a, b) for a, b in zip(contributions, thrice, strict=True))


@pytest.mark.parametrize("shape", [SHAPE, FREE], ids=lambda s: s.architecture)
def test_contributions_add_up_to_the_prediction(shape: NetworkShape) -> None:
    pairs, positions, mask, context = electrodes(6)
    power, connectivity = (x[0] for x in features(6))
    made = network(shape)
    with torch.no_grad():
        mean, _, node, edge, *_ = made(power, connectivity, pairs, positions, mask, context[0])
    torch.testing.assert_close(mean, made.bias.double() + node.sum(dim=1) + edge.sum(dim=1))


@pytest.mark.parametrize("shape", [SHAPE, FREE], ids=lambda s: s.architecture)
def test_a_masked_electrode_changes_nothing(shape: NetworkShape) -> None:
    pairs, positions, mask, context = electrodes(6)
    mask[2] = 0.0
    elsewhere, other = positions.clone(), context.clone()
    elsewhere[2] = torch.tensor([0.01, 0.02, -0.05])
    other[:, :, 2] = 7.0
    power, connectivity = features(6)
    louder, tighter = power.clone(), connectivity.clone()
    louder[:, :, 2] = 5.0
    tighter[..., (pairs == 2).any(dim=1)] = 0.9
    with torch.no_grad():
        first = network(shape).weights(pairs, positions, mask, context, power, connectivity)
        second = network(shape).weights(pairs, elsewhere, mask, other, louder, tighter)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b)
    assert not first[0][..., 2].any()


def test_the_order_of_channels_does_not_matter_to_the_free_network() -> None:
    pairs, positions, mask, context = electrodes(6)
    power, connectivity = (x[0] for x in features(6))
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    # Pair (i, j) of the new order is (order[i], order[j]) of the old; turned where descending.
    old = order[pairs]
    turned = old[:, 0] > old[:, 1]
    low, high = old.min(dim=1).values, old.max(dim=1).values
    index = torch.tensor(
        [
            int(((pairs == torch.stack([a, b])).all(dim=1)).nonzero())
            for a, b in zip(low, high, strict=True)
        ]
    )
    moved = connectivity[..., index].clone()
    moved[0] = torch.where(turned, -moved[0], moved[0])
    made = network(FREE)
    with torch.no_grad():
        first = made(power, connectivity, pairs, positions, mask, context[0])[0]
        second = made(power[:, order], moved, pairs, positions[order], mask, context[0][:, order])[
            0
        ]
    torch.testing.assert_close(first, second)
