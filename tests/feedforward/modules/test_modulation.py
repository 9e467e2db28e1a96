import torch
import torch.nn.functional as F

from impasto.feedforward.modules.modulation import InstanceNorm, Modulation


def test_gradient_is_that_of_the_formula():
    x = torch.randn(2, 3, 4, 5, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(InstanceNorm.apply, (x,))


def test_it_is_torch_s_own_instance_norm():
    x = torch.randn(2, 5, 7, 6)
    assert torch.allclose(Modulation().normalise(x, 0), F.instance_norm(x), atol=1e-5)
    narrow = Modulation().normalise(x.contiguous(memory_format=torch.channels_last), 0)
    assert torch.allclose(narrow, F.instance_norm(x), atol=1e-5)
