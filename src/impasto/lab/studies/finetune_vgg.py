"""Fine-tuning of VGG-16 with a new fc8: only fc8, conv3 to fc8, or all layers."""

from __future__ import annotations

from impasto.lab.cells import FinetuneCell
from impasto.lab.setting import Setting
from impasto.lab.study import Study

from . import finetune_scopes

# Label in the figure -> settings of `impasto finetune`.
SCOPES = {
    "fc8": {"scope": "head"},
    "conv3 to fc8": {"scope": "top", "freeze_to": "block2"},
    "conv1 to fc8": {"scope": "all"},
}
WITH_CLASSIFIER = ("vgg16", "vgg16-caffe", "vgg19", "vgg19-caffe", "tiny")


def cells(setting: Setting) -> list[FinetuneCell]:
    """Return one cell per set of trained layers, on VGG-16 unless the setting's encoder has fc6 to fc8 as well.

    A quick run takes fewer classes, pictures and epochs.
    """
    encoder = setting.encoder if setting.encoder in WITH_CLASSIFIER else "vgg16"
    classes, per_class = setting.choose((None, None), (10, 40))
    fields = {"encoder": encoder, "head": "fc", "epochs": setting.choose(8, 3)}
    return [
        FinetuneCell({"scope": label}, {**fields, **scope}, classes, per_class)
        for label, scope in SCOPES.items()
    ]


STUDY = Study(
    name="finetune-vgg",
    title="Fine-tuning VGG-16: fc8, conv3 to fc8, or all",
    question="Which layers of VGG-16 have to be trained for other classes?",
    source="Simonyan & Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015; "
    "lecture notes on fine-tuning VGG",
    claim="VGG-16 is used for another data set by replacing fc8 with a layer that has one output per class, and by "
    "keeping the other weights. Then only fc8 is trained; or conv3 to fc8, with conv1 and conv2 fixed; or all layers.",
    differs="The pictures are textures and shapes painted by program, or yours. The pretrained layers have a smaller "
    "learning rate than fc8, which begins with zeros. The best epoch is chosen on the same held-out pictures that "
    "measure the accuracy. Instead of an encoder without fully connected layers, vgg16 is trained. In the confusion "
    "matrices a row is a true class and a column an answer.",
    cells=cells,
    measures=(),
    columns=finetune_scopes.STUDY.columns,
    styles=0,
    figure=finetune_scopes.figure,
    notes=finetune_scopes.notes,
)
