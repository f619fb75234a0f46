import torch

from rtemotion.models.network import AdditiveNetwork, NetworkShape

SHAPE = NetworkShape(3, 5, (True, False), 4, width=16, layers=1, heads=2, rank=2)


def electrodes(n: int) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(n)
    positions = torch.randn(n, 3, generator=generator)
    positions = 0.095 * positions / positions.norm(dim=1, keepdim=True)
    pairs = torch.triu_indices(n, n, offset=1).T
    return pairs, positions, torch.ones(n), torch.randn(5, n, generator=generator)


def network() -> AdditiveNetwork:
    torch.manual_seed(0)
    return AdditiveNetwork(SHAPE).eval()


def test_a_signed_measure_turns_with_its_pair_and_an_unsigned_one_does_not() -> None:
    pairs, *rest = electrodes(6)
    with torch.no_grad():
        _, forward, _ = network().weights(pairs, *rest)
        _, backward, _ = network().weights(pairs.flip(1), *rest)
    torch.testing.assert_close(backward[:, 0], -forward[:, 0])
    torch.testing.assert_close(backward[:, 1], forward[:, 1])


def test_weights_do_not_see_the_features_of_the_moment() -> None:
    pairs, positions, mask, context = electrodes(6)
    power, connectivity = torch.randn(5, 6), torch.randn(2, 4, 15)
    with torch.no_grad():
        first = network()(power, connectivity, pairs, positions, mask, context)
        second = network()(3 * power, 0 * connectivity, pairs, positions, mask, context)
    for a, b in zip(first[4:], second[4:], strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(first[0], second[0])


def test_a_masked_electrode_changes_nothing() -> None:
    pairs, positions, mask, context = electrodes(6)
    mask[2] = 0.0
    elsewhere, other = positions.clone(), context.clone()
    elsewhere[2] = torch.tensor([0.01, 0.02, -0.05])
    other[:, 2] = 7.0
    with torch.no_grad():
        first = network().weights(pairs, positions, mask, context)
        second = network().weights(pairs, elsewhere, mask, other)
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b)
    assert not first[0][:, :, 2].any()
