"""Catalogue of the weights files that impasto can download: URL, checksum, licence and authors.

Size and SHA-256 are checked after every download. The first eight hex digits of the SHA-256 are part of each file's
name, a convention of `torch.hub`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class WeightRecord:
    """A downloadable weights file.

    Attributes:
        name: name of the encoder and of this record.
        encoder: the architecture.
        preprocessing: the pixels it expects, "torch" or "caffe".
        url: where it is downloaded from.
        bytes: exact size; None if unknown.
        megabytes: approximate size in units of 10^6 bytes, for display.
        sha256: full checksum; None if unknown.
        sha256_prefix: first eight hex digits of the checksum, which are always known.
        licence: licence of the weights.
        authors: authors of the weights.
        paper: paper of the architecture.
        note: version of the weights, or what is special about them.
    """

    name: str
    encoder: str
    preprocessing: str
    url: str
    bytes: int | None
    megabytes: int
    sha256: str | None
    sha256_prefix: str
    licence: str
    authors: str
    paper: str
    note: str

    @property
    def filename(self) -> str:
        """The file name that its authors use."""
        return self.url.rsplit("/", 1)[-1]


_TORCHVISION = "https://download.pytorch.org/models/"
_TORCHVISION_LICENCE = (
    "BSD-3-Clause (torchvision); the weights carry no licence of their own and were trained on ImageNet"
)
_VGG_PAPER = "Simonyan & Zisserman, ICLR 2015, arXiv:1409.1556"
_RESNET_PAPER = "He, Zhang, Ren & Sun, CVPR 2016, arXiv:1512.03385"


def _torchvision(
    name: str, encoder: str, filename: str, size: int, sha256: str, paper: str, note: str
) -> WeightRecord:
    return WeightRecord(
        name=name,
        encoder=encoder,
        preprocessing="torch",
        url=_TORCHVISION + filename,
        bytes=size,
        megabytes=size // 1_000_000,
        sha256=sha256,
        sha256_prefix=sha256[:8],
        licence=_TORCHVISION_LICENCE,
        authors="the torchvision authors",
        paper=paper,
        note=note,
    )


def _caffe(name: str, encoder: str, prefix: str, megabytes: int) -> WeightRecord:
    return WeightRecord(
        name=name,
        encoder=encoder,
        preprocessing="caffe",
        url=f"https://web.eecs.umich.edu/~justincj/models/{encoder}-{prefix}.pth",
        bytes=None,
        megabytes=megabytes,
        sha256=None,
        sha256_prefix=prefix,
        licence="CC BY 4.0 (Visual Geometry Group, University of Oxford)",
        authors="Karen Simonyan and Andrew Zisserman; converted from Caffe by Justin Johnson",
        paper=_VGG_PAPER,
        note=(
            "The network of Gatys et al.; pixels in BGR, 0-255, mean subtracted. Only the first eight hex "
            "digits of the SHA-256 are known (from the file name), so that only they are checked."
        ),
    )


_RECORDS = (
    _torchvision(
        "vgg16",
        "vgg16",
        "vgg16-397923af.pth",
        553_433_881,
        "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        _VGG_PAPER,
        "VGG16_Weights.IMAGENET1K_V1",
    ),
    _torchvision(
        "vgg19",
        "vgg19",
        "vgg19-dcbb9e9d.pth",
        574_673_361,
        "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
        _VGG_PAPER,
        "VGG19_Weights.IMAGENET1K_V1",
    ),
    _caffe("vgg16-caffe", "vgg16", "00b39a1b", 553),
    _caffe("vgg19-caffe", "vgg19", "d01eb7cb", 574),
    _torchvision(
        "resnet50",
        "resnet50",
        "resnet50-0676ba61.pth",
        102_530_333,
        "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
        _RESNET_PAPER,
        "ResNet50_Weights.IMAGENET1K_V1",
    ),
    _torchvision(
        "resnet50-v2",
        "resnet50",
        "resnet50-11ad3fa6.pth",
        102_540_417,
        "11ad3fa62ca79e40addfd354a8ec4b7c75143b3038b8d2a807fbc68deab379ca",
        _RESNET_PAPER,
        "ResNet50_Weights.IMAGENET1K_V2 (a longer training recipe)",
    ),
)

CATALOGUE: Mapping[str, WeightRecord] = MappingProxyType({record.name: record for record in _RECORDS})
