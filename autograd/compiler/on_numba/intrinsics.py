"""What numba lacks: views of a flat memory that cost no compile time, and the processor's mode for tiny numbers."""

from __future__ import annotations

import platform
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic
from numba.np.arrayobj import make_array, populate_array

from autograd.compiler.on_numba.objects import OURS, PRODUCTS

__all__ = ["FLUSH", "call", "control_word", "matrix", "multiply", "set_control_word", "vector"]

#: The bits of the control word that turn subnormal results and operands into zeros.
FLUSH = {"x86_64": 0x8040, "amd64": 0x8040, "aarch64": 1 << 24, "arm64": 1 << 24}.get(platform.machine().lower(), 0)
INTEL = platform.machine().lower() in ("x86_64", "amd64")


def _view(context: Any, builder: Any, signature: Any, arguments: Any, shape: list[Any]) -> Any:
    memory_type, view_type = signature.args[0], signature.return_type
    data = _data(context, builder, memory_type, arguments[0])
    view = make_array(view_type)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_data_type(memory_type.dtype)))
    strides = [size]
    for length in reversed(shape[1:]):
        strides.insert(0, builder.mul(strides[0], length))
    start = builder.gep(data, [arguments[1]])
    populate_array(view, data=start, shape=shape, strides=strides, itemsize=size, meminfo=None)
    return view._getvalue()


def _data(context: Any, builder: Any, kind: Any, argument: Any) -> Any:
    """Find the address of an array's numbers; a pointer is one itself."""
    return make_array(kind)(context, builder, argument).data if isinstance(kind, types.Array) else argument


@intrinsic
def call(typing: Any, address: Any, given: Any) -> Any:
    """Call the compiled function at an address with a tuple: arrays go as pointers, whole numbers as they are."""
    kinds = given.types

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        passed = [builder.extract_value(arguments[1], i) for i in range(len(kinds))]
        values = [_data(context, builder, kind, value) for kind, value in zip(kinds, passed, strict=True)]
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(builder.inttoptr(arguments[0], kind.as_pointer()), values)
        return context.get_dummy_value()

    return types.void(types.int64, given), generate


@intrinsic
def matrix(typing: Any, memory: Any, offset: Any, rows: Any, columns: Any) -> Any:
    """Borrow ``memory[offset : offset + rows·columns]`` as (rows, columns); the memory must outlive it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _view(context, builder, signature, arguments, list(arguments[2:]))

    return types.Array(memory.dtype, 2, "C")(memory, types.intp, types.intp, types.intp), generate


@intrinsic
def vector(typing: Any, memory: Any, offset: Any, length: Any) -> Any:
    """Borrow ``memory[offset : offset + length]``; the memory must outlive it."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _view(context, builder, signature, arguments, [arguments[2]])

    return types.Array(memory.dtype, 1, "C")(memory, types.intp, types.intp), generate


@intrinsic
def multiply(typing: Any, memory: Any, a: Any, b: Any, out: Any, m: Any, k: Any, n: Any, transposed: Any) -> Any:
    """Write a product of matrices, (m, n) = (m, k) @ (k, n), by NumPy's BLAS; with `transposed` the first is (k, m).

    BLAS counts by columns: what it is given are the transposes, in the other order. Where one of them is a vector, its
    product of a matrix and a vector is called, which takes a fraction of the time of that of two matrices.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        memory_type = signature.args[0]
        real, letter = context.get_data_type(memory_type.dtype), ir.IntType(8)
        data = _data(context, builder, memory_type, arguments[0])
        first, second, target = (builder.gep(data, [place]) for place in arguments[1:4])
        m, k, n, transposed = arguments[4:]
        plain, turn, one = letter(ord("N")), letter(ord("T")), ir.IntType(64)(1)
        leading, other = builder.select(transposed, m, k), builder.select(transposed, k, m)

        def call_blas(which: int, *given: Any) -> None:
            """Call a product of BLAS, which takes everything by its address."""
            slots = [x if isinstance(x.type, ir.PointerType) else cgutils.alloca_once_value(builder, x) for x in given]
            kind = ir.FunctionType(ir.VoidType(), [slot.type for slot in slots])
            name = OURS + PRODUCTS[str(memory_type.dtype)][which]
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), slots)

        with builder.if_else(builder.icmp_signed("==", n, one)) as (is_column, is_wide):
            with is_column:
                turned = builder.select(transposed, plain, turn)
                call_blas(1, turned, leading, other, real(1.0), first, leading, second, one, real(0.0), target, one)
            with is_wide, builder.if_else(builder.icmp_signed("==", m, one)) as (is_row, is_matrix):
                with is_row:
                    call_blas(1, plain, n, k, real(1.0), second, n, first, one, real(0.0), target, one)
                with is_matrix:
                    turned = builder.select(transposed, turn, plain)
                    call_blas(0, plain, turned, n, m, k, real(1.0), second, n, first, leading, real(0.0), target, n)
        return context.get_dummy_value()

    number = types.intp
    return types.void(memory, number, number, number, number, number, number, types.boolean), generate


@intrinsic
def control_word(typing: Any) -> Any:
    """Read the floating-point control word: MXCSR on x86-64, FPCR on AArch64; 0 elsewhere."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if INTEL:
            pointer = ir.IntType(8).as_pointer()
            slot = cgutils.alloca_once(builder, ir.IntType(32))
            kind = ir.FunctionType(ir.VoidType(), [pointer])
            store = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.stmxcsr")
            builder.call(store, [builder.bitcast(slot, pointer)])
            return builder.zext(builder.load(slot), ir.IntType(64))
        if FLUSH:
            return builder.asm(ir.FunctionType(ir.IntType(64), []), "mrs $0, fpcr", "=r", [], True)
        return ir.Constant(ir.IntType(64), 0)

    return types.int64(), generate


@intrinsic
def set_control_word(typing: Any, word: Any) -> Any:
    """Write the floating-point control word; nothing where there is none."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        if INTEL:
            pointer = ir.IntType(8).as_pointer()
            slot = cgutils.alloca_once(builder, ir.IntType(32))
            builder.store(builder.trunc(arguments[0], ir.IntType(32)), slot)
            kind = ir.FunctionType(ir.VoidType(), [pointer])
            load = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse.ldmxcsr")
            builder.call(load, [builder.bitcast(slot, pointer)])
        elif FLUSH:
            builder.asm(ir.FunctionType(ir.VoidType(), [ir.IntType(64)]), "msr fpcr, $0", "r", [arguments[0]], True)
        return context.get_dummy_value()

    return types.void(types.int64), generate
