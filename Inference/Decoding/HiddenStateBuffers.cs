using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Decoding;

/// <summary>Receives the hidden states of a pass, as float32 whatever the graph computes in.</summary>
/// <param name="decoder">A decoder that returns hidden states.</param>
internal sealed class HiddenStateBuffers(LanguageDecoder decoder) : IDisposable
{
    private readonly int _hidden = decoder.Embeddings.HiddenSize;
    private readonly StateBuffer? _early = decoder.EarlyHiddenOutput is { } name ? new StateBuffer(name, decoder.HiddenStateType) : null;
    private readonly StateBuffer _last = new(DecoderTensors.LastHidden, decoder.HiddenStateType);

    /// <summary>State of a row of the pass after the early layer, [hidden]; empty for a decoder of one layer.</summary>
    public ReadOnlySpan<float> Early(int row) => _early is null ? default : _early.Row(row, _hidden);

    /// <summary>State of a requested row after the final norm, [hidden].</summary>
    public ReadOnlySpan<float> Last(int row) => _last.Row(row, _hidden);

    /// <summary>Binds buffers for the next runs.</summary>
    /// <param name="binding">Of the session.</param>
    /// <param name="count">Rows of the pass.</param>
    /// <param name="requested">Rows whose logits are computed.</param>
    public void Bind(OrtIoBinding binding, int count, int requested)
    {
        _early?.Bind(binding, count, _hidden);
        _last.Bind(binding, requested, _hidden);
    }

    /// <summary>Converts what the last run wrote.</summary>
    public void Read()
    {
        _early?.Read();
        _last.Read();
    }

    public void Dispose()
    {
        _early?.Dispose();
        _last.Dispose();
    }

    /// <summary>One output.</summary>
    private sealed class StateBuffer(string output, TensorElementType type) : IDisposable
    {
        private float[] _values = [];
        private Half[] _halves = [];
        private int _length;
        private OrtValue? _bound;

        public ReadOnlySpan<float> Row(int row, int hidden) => _values.AsSpan(row * hidden, hidden);

        public void Bind(OrtIoBinding binding, int rows, int hidden)
        {
            _length = rows * hidden;
            Grow(ref _values, _length);
            var previous = _bound;
            if (type == TensorElementType.Float16)
            {
                Grow(ref _halves, _length);
                _bound = OrtValue.CreateTensorValueWithData(
                    OrtMemoryInfo.DefaultInstance, type, [1, rows, hidden], AddressOf(_halves), _length * sizeof(short));
            }
            else
            {
                _bound = OrtValue.CreateTensorValueWithData(
                    OrtMemoryInfo.DefaultInstance, type, [1, rows, hidden], AddressOf(_values), _length * sizeof(float));
            }

            binding.BindOutput(output, _bound);
            previous?.Dispose();
        }

        public void Read()
        {
            if (type == TensorElementType.Float16)
            {
                TensorPrimitives.ConvertToSingle(_halves.AsSpan(0, _length), _values);
            }
        }

        public void Dispose() => _bound?.Dispose();

        private static unsafe nint AddressOf<T>(T[] pinned)
            where T : unmanaged => (nint)Unsafe.AsPointer(
                ref MemoryMarshal.GetArrayDataReference(pinned));

        private static void Grow<T>(ref T[] buffer, int length)
        {
            if (buffer.Length < length)
            {
                // Pinned, because native code holds its address between two runs.
                buffer = GC.AllocateUninitializedArray<T>(length, pinned: true);
            }
        }
    }
}
