"""The rows of operators that move, fold, or multiply and sum entries, and of composites.

The meaning of the former is a plan of index maps (`refsem.ir.plans`). A composite has none: it
means what its first expansion into other operators means (`refsem.ir.composites`).
"""

from refsem.ir import contractions, normalisations, rearrangements, reductions
from refsem.ir.operator_rows import VARIADIC, Op, OperatorRow
from refsem.ir.plans import Fold
from refsem.ir.shapes import reshaped as _reshape

_WINDOW = ("layout", "strides", "dilations", "pads")

ROWS: tuple[OperatorRow, ...] = (
    OperatorRow(
        Op.MATMUL,
        2,
        (),
        contractions.matmul_shape,
        "out[.., i, j] = Σ_k x[.., i, k] · y[.., k, j]",
        plan=contractions.matmul_plan,
    ),
    OperatorRow(
        Op.GEMM,
        3,
        ("alpha", "beta", "transA", "transB"),
        contractions.gemm_shape,
        "out[i, j] = alpha · Σ_k x'[i, k] · y'[k, j] + beta · z[i, j]",
        plan=contractions.gemm_plan,
    ),
    OperatorRow(
        Op.RESHAPE,
        1,
        ("shape",),
        _reshape,
        "the same entries, row-major",
        plan=rearrangements.unchanged_plan,
    ),
    OperatorRow(
        Op.TRANSPOSE,
        1,
        ("axes",),
        rearrangements.transpose_shape,
        "out axis i is operand axis axes[i]",
        plan=rearrangements.transpose_plan,
    ),
    OperatorRow(
        Op.EXPAND,
        1,
        ("shape",),
        rearrangements.expand_shape,
        "x broadcast to the shape",
        plan=rearrangements.expand_plan,
    ),
    OperatorRow(
        Op.CONCAT,
        1,
        ("axis",),
        rearrangements.concat_shape,
        "the operands one after another along the axis",
        plan=rearrangements.concat_plan,
        optional=VARIADIC,
    ),
    OperatorRow(
        Op.SLICE,
        1,
        ("starts", "lengths", "steps"),
        rearrangements.slice_shape,
        "along axis a, lengths[a] entries from starts[a] on, steps[a] apart",
        plan=rearrangements.slice_plan,
    ),
    OperatorRow(
        Op.GATHER,
        1,
        ("axis", "indices", "shape"),
        rearrangements.gather_shape,
        "the slices along the axis that the indices (of that shape) name",
        plan=rearrangements.gather_plan,
    ),
    OperatorRow(
        Op.PAD,
        1,
        ("mode", "pads"),
        rearrangements.pad_shape,
        "x, with entries added around: y, or repeated ones",
        plan=rearrangements.pad_plan,
        optional=1,
    ),
    OperatorRow(
        Op.TILE,
        1,
        ("repeats",),
        rearrangements.tile_shape,
        "x again and again along each axis",
        plan=rearrangements.tile_plan,
    ),
    OperatorRow(
        Op.CONV,
        2,
        (*_WINDOW, "groups"),
        contractions.conv_shape,
        "out[n, m, o] = Σ_{c, d} x[n, c, o · stride + d · dilation - pad] · y[m, c, d] + z[m]",
        plan=contractions.conv_plan,
        optional=1,
    ),
    OperatorRow(
        Op.CONV_TRANSPOSE,
        2,
        (*_WINDOW, "groups", "output_pads"),
        contractions.conv_transpose_shape,
        "out[n, m, q · stride + d · dilation - pad] sums x[n, c, q] · y[c, m, d], + z[m]",
        plan=contractions.conv_transpose_plan,
        optional=1,
    ),
    OperatorRow(
        Op.MAX_POOL,
        1,
        (*_WINDOW, "kernel", "ceil"),
        reductions.pool_shape,
        "the greatest entry of each window",
        plan=reductions.max_pool_plan,
    ),
    OperatorRow(
        Op.AVERAGE_POOL,
        1,
        (*_WINDOW, "kernel", "ceil", "count_include_pad"),
        reductions.pool_shape,
        "the mean of the entries of each window",
        plan=reductions.average_pool_plan,
    ),
    *(
        OperatorRow(
            op,
            1,
            ("axes", "keepdims"),
            reductions.reduce_shape(fold),
            f"the {what} of the entries along the axes",
            plan=reductions.reduce_plan(fold),
        )
        for op, fold, what in (
            (Op.REDUCE_SUM, Fold.SUM, "sum"),
            (Op.REDUCE_MEAN, Fold.MEAN, "mean"),
            (Op.REDUCE_MAX, Fold.MAX, "greatest"),
            (Op.REDUCE_MIN, Fold.MIN, "least"),
        )
    ),
    OperatorRow(
        Op.SOFTMAX,
        1,
        ("axes",),
        normalisations.along_axes,
        "e^x over the sum of e^x along the axes",
    ),
    OperatorRow(
        Op.LOG_SOFTMAX,
        1,
        ("axes",),
        normalisations.along_axes,
        "x minus ln of the sum of e^x along the axes",
    ),
    OperatorRow(
        Op.LOG_SUM_EXP,
        1,
        ("axes", "keepdims"),
        reductions.reduce_shape(Fold.MAX),
        "ln of the sum of e^x along the axes",
    ),
    OperatorRow(
        Op.BATCH_NORM,
        5,
        ("axis", "epsilon"),
        normalisations.batch_norm_shape,
        "(x - mean) / √(variance + epsilon) · y + z; operands x, y, z, mean, variance, by channel",
    ),
    OperatorRow(
        Op.LAYER_NORM,
        3,
        ("axes", "epsilon"),
        normalisations.layer_norm_shape,
        "(x - mean) / √(variance + epsilon) · y + z, mean and variance of x along the axes",
    ),
    OperatorRow(Op.MSE, 2, (), normalisations.mse_shape, "the mean of (x - y)² over all entries"),
)
