using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Safetensors;

public sealed class SafetensorsTests
{
    [Theory]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}""", 12, "after its last tensor")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[4,12]}}""", 12, "neither overlap nor leave gaps")]
    [InlineData(
        """{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[2],"data_offsets":[6,10]}}""",
        10, "neither overlap nor leave gaps")]
    [InlineData(
        """{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"b":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}""",
        8, "neither overlap nor leave gaps")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}""", 7, "truncated")]
    [InlineData("""{"a":{"dtype":"F16","shape":[5],"data_offsets":[0,8]}}""", 8, "do not fit its shape")]
    [InlineData("""{"a":{"dtype":"F16","shape":[-4],"data_offsets":[0,8]}}""", 8, "do not fit its shape")]
    [InlineData("""{"a":{"dtype":"F16","shape":[-2,-2],"data_offsets":[0,8]}}""", 8, "do not fit its shape")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "do not fit")]
    [InlineData("""{"a":{"dtype":"F16","shape":[9223372036854775807,4],"data_offsets":[0,8]}}""", 8, "do not fit")]
    [InlineData("""{"a":{"dtype":"F16","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,8]}}""", 8, "lacks a proper")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4.5],"data_offsets":[0,8]}}""", 8, "lacks a proper")]
    [InlineData("""{"a":{"dtype":"F16","shape":[1e3],"data_offsets":[0,8]}}""", 8, "lacks a proper")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[8,0]}}""", 8, "not a range")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[-8,0]}}""", 8, "not a range")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,9223372036854775807]}}""", 8, "truncated")]
    [InlineData("""{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8,9]}}""", 8, "lacks a proper")]
    [InlineData("""{"a":{"dtype":7,"shape":[4],"data_offsets":[0,8]}}""", 8, "lacks a proper")]
    [InlineData("""{"a":{"shape":[4],"data_offsets":[0,8]}}""", 8, "lacks a proper")]
    [InlineData("""{"a":3}""", 0, "lacks a proper")]
    [InlineData("""[]""", 0, "not an object")]
    [InlineData("""{"a":""", 0, "is not JSON")]
    [InlineData("""{"a":1,}""", 0, "is not JSON")]
    [InlineData("""{/* */}""", 0, "is not JSON")]
    [InlineData(
        """{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},"a":{"dtype":"F16","shape":[4],"data_offsets":[8,16]}}""",
        16, "is not JSON")]
    [InlineData("""{"a":{"dtype":"F16","dtype":"F16","shape":[4],"data_offsets":[0,8]}}""", 8, "is not JSON")]
    [InlineData("""{"\ud800":{"dtype":"F16","shape":[4],"data_offsets":[0,8]}}""", 8, "is not JSON")]
    public void A_header_that_is_not_exact_is_refused(string header, int dataBytes, string message)
    {
        var fault = SmallCheckpoint.Refused("model.safetensors", SmallCheckpoint.Safetensors(header, dataBytes));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
        Assert.EndsWith("model.safetensors", fault.File, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(100_000_001)]
    public void A_header_of_more_than_100_MB_is_refused_before_it_is_read(long length)
    {
        var fault = SmallCheckpoint.Refused("model.safetensors", [.. BitConverter.GetBytes(length), (byte)'{', (byte)'}']);
        Assert.Contains("is the most", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_header_nested_without_end_is_refused() => SmallCheckpoint.Refused(
        "model.safetensors",
        SmallCheckpoint.Safetensors(string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), 0));

    [Fact]
    public void Every_type_is_listed_and_padding_of_the_header_is_allowed()
    {
        const string header = """
            {"__metadata__":{"format":"pt"},"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
            "empty":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},
            "ids":{"dtype":"I64","shape":[1],"data_offsets":[4,12]},
            "scalar":{"dtype":"BF16","shape":[],"data_offsets":[12,14]},
            "packed":{"dtype":"F4","shape":[4],"data_offsets":[14,16]}}
            """;
        using var folder = SmallCheckpoint.With("model.safetensors", SmallCheckpoint.Safetensors(header + "  ", 16));
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(
            [
                ("empty", ElementType.Float32, 0L, 0L),
                ("half", ElementType.Float16, 2, 4),
                ("ids", ElementType.Other, 1, 8),
                ("packed", ElementType.Other, 4, 2),
                ("scalar", ElementType.BFloat16, 1, 2),
            ],
            checkpoint.Tensors.Values.OrderBy(tensor => tensor.Name, StringComparer.Ordinal)
                .Select(tensor => (tensor.Name, tensor.Type, tensor.Count, tensor.ByteCount)));
        var empty = Array.Empty<float>();
        checkpoint.Read(checkpoint.Get("empty", 0, 7), empty);
    }
}
