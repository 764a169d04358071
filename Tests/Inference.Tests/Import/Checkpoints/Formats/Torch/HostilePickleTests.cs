using System.Diagnostics;
using MobileVlm.Edge.Inference.Import.Checkpoints;
using MobileVlm.Edge.Inference.Models;

namespace MobileVlm.Edge.Inference.Tests.Import.Checkpoints.Formats.Torch;

public sealed class HostilePickleTests
{
    public static TheoryData<string, string> Attacks => new()
    {
        { "os", "system" },
        { "posix", "system" },
        { "nt", "system" },
        { "builtins", "eval" },
        { "builtins", "exec" },
        { "builtins", "getattr" },
        { "__builtin__", "eval" },
        { "subprocess", "Popen" },
        { "torch", "load" },
        { "torch.hub", "load" },
        { "torch._utils", "_rebuild_device_tensor_from_numpy" },
        { "torch._utils", "_rebuild_tensor_v2.__globals__" },
        { "collections", "OrderedDict.__init__" },
        { "torch", "FooStorage" },
        { "torch.storage", "_load_from_bytes" },
    };

    [Theory]
    [MemberData(nameof(Attacks))]
    public void A_global_that_weights_do_not_need_is_named_and_refused(string module, string name)
    {
        byte[][] pickles =
        [
            new PickleBytes().Global(module, name).Code('(').Text("id").Code('t').Code('R').Code('.').ToArray(),
            new PickleBytes().Text(module).Text(name).Raw(0x93).Text("id").Raw(0x85).Code('R').Code('.').ToArray(),
            new PickleBytes().Code('(').Text("id").Code('i').Ascii($"{module}\n{name}\n").Code('.').ToArray(),
            new PickleBytes().Code('(').Global(module, name).Text("id").Code('o').Code('.').ToArray(),
            new PickleBytes().Global(module, name).Text("id").Raw(0x85).Raw(0x81).Code('.').ToArray(),
            new PickleBytes().Global(module, name).Code(')').Code('}').Raw(0x92).Code('.').ToArray(),
            new PickleBytes().Code('}').Text("weight").Global(module, name).Code('s').Code('.').ToArray(),
        ];
        foreach (var pickle in pickles)
        {
            var fault = Refuse(pickle);
            Assert.Contains($"'{module} {name}'", fault.Message, StringComparison.Ordinal);
            Assert.Contains("Nothing of it was executed", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(0x81)] // NEWOBJ
    [InlineData(0x92)] // NEWOBJ_EX
    [InlineData((byte)'o')] // OBJ
    [InlineData((byte)'P')] // PERSID
    [InlineData(0x82)] // EXT1
    [InlineData(0x83)] // EXT2
    [InlineData(0x84)] // EXT4
    [InlineData((byte)'I')] // INT
    [InlineData((byte)'S')] // STRING
    [InlineData((byte)'V')] // UNICODE
    [InlineData((byte)'2')] // DUP
    [InlineData(0x8b)] // LONG4
    [InlineData(0x8d)] // BINUNICODE8
    [InlineData(0x96)] // BYTEARRAY8
    [InlineData(0x97)] // NEXT_BUFFER
    [InlineData(0xff)]
    public void An_instruction_that_weights_do_not_need_is_refused(byte code)
    {
        var fault = Refuse(new PickleBytes()
            .Code('(').Global("collections", "OrderedDict").Code(')').Raw(code).Code('.').ToArray());
        Assert.Contains($"0x{code:x2}", fault.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing of it was executed", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Calling_anything_but_the_three_callables_is_refused()
    {
        byte[][] pickles =
        [
            new PickleBytes().Text("os.system").Text("id").Raw(0x85).Code('R').Code('.').ToArray(),
            new PickleBytes().Global("torch", "HalfStorage").Integer(8).Raw(0x85).Code('R').Code('.').ToArray(),
            new PickleBytes().Code('}').Code(')').Code('R').Code('.').ToArray(),
            new PickleBytes().Global("collections", "OrderedDict").Text("x").Raw(0x85).Code('R').Code('.').ToArray(),
            new PickleBytes().Global("torch._utils", "_rebuild_tensor_v2").Code(')').Code('R').Code('.').ToArray(),
            new PickleBytes().Global("torch._utils", "_rebuild_parameter").Text("x").Raw(0x88).Code('N').Raw(0x87)
                .Code('R').Code('.').ToArray(),
        ];
        Assert.All(pickles, pickle => Assert.Contains("calls something", Refuse(pickle).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void State_is_given_to_nothing_but_a_dictionary()
    {
        var pickle = new PickleBytes().Code('}').Text("w").Tensor("HalfStorage", "0", 4, 0, [4], [1]).Code('}').Code('b')
            .Code('s').Code('.').ToArray();
        Assert.Contains("not a dictionary", Refuse(pickle).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Doubling_tuples_through_the_memo_costs_nothing()
    {
        var bomb = new PickleBytes().Text("x");
        for (var i = 0; i < 255; i++)
        {
            bomb.Code('q').Raw((byte)i).Code('h').Raw((byte)i).Raw(0x86);
        }

        AssertQuick(() => Refuse(bomb.Code('.').ToArray()));
    }

    [Fact]
    public void A_memo_without_end_is_refused()
    {
        var bomb = new PickleBytes().Code('N');
        for (var i = 0; i < 600_000; i++)
        {
            bomb.Raw(0x94);
        }

        AssertQuick(() => Assert.Contains("remembers more", Refuse(bomb.Code('.').ToArray()).Message,
            StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("(", "nested")]
    [InlineData("N", "stack")]
    [InlineData("}", "stack")]
    public void Piling_up_is_refused(string code, string message)
    {
        var bomb = new PickleBytes();
        for (var i = 0; i < 200_000; i++)
        {
            bomb.Code(code[0]);
        }

        AssertQuick(() => Assert.Contains(message, Refuse(bomb.Code('.').ToArray()).Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Deeply_nested_tuples_overflow_no_stack()
    {
        var bomb = new PickleBytes().Code('N');
        for (var i = 0; i < 1_000_000; i++)
        {
            bomb.Raw(0x85);
        }

        AssertQuick(() => Refuse(bomb.Code('.').ToArray()));
    }

    [Fact]
    public void Instructions_are_counted()
    {
        var bomb = new PickleBytes().Code('N');
        for (var i = 0; i < 2_100_000; i++)
        {
            bomb.Raw(0x85);
        }

        AssertQuick(() => Assert.Contains("instructions", Refuse(bomb.Code('.').ToArray()).Message,
            StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'X', 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { (byte)'X', 0xff, 0xff, 0xff, 0x7f })]
    [InlineData(new byte[] { (byte)'X', 0x00, 0x00, 0x00, 0x01 })]
    [InlineData(new byte[] { (byte)'X', 0x10, 0x00, 0x00, 0x00 })]
    [InlineData(new byte[] { 0x8c, 0xff })]
    [InlineData(new byte[] { 0x8a, 0xff })]
    [InlineData(new byte[] { 0x8a, 0x09, 1, 2, 3, 4, 5, 6, 7, 8, 9 })]
    [InlineData(new byte[] { 0x95, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0x95, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f })]
    [InlineData(new byte[] { (byte)'j', 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { (byte)'X', 2, 0, 0, 0, 0xc3, 0x28 })]
    [InlineData(new byte[] { (byte)'c', (byte)'o', (byte)'s' })]
    [InlineData(new byte[] { 0x80, 99 })]
    [InlineData(new byte[] { (byte)'R' })]
    [InlineData(new byte[] { (byte)'t' })]
    [InlineData(new byte[] { (byte)'q', 0 })]
    [InlineData(new byte[] { (byte)'N', (byte)'(', 0x85, (byte)'t' })]
    [InlineData(new byte[] { (byte)'}', (byte)'(', (byte)'N', (byte)'u' })]
    [InlineData(new byte[] { (byte)'N', (byte)'N', (byte)'.' })]
    [InlineData(new byte[] { (byte)'N', (byte)'Q' })]
    public void Lengths_and_stacks_that_make_no_sense_are_refused(byte[] instructions) =>
        Refuse(new PickleBytes().Raw(instructions).Code('.').ToArray());

    [Theory]
    [InlineData(4, 0, new long[] { -4 }, new long[] { 1 }, "does not fit")]
    [InlineData(4, 0, new long[] { -2, -2 }, new long[] { -2, 1 }, "does not fit")]
    [InlineData(-4, 0, new long[] { 4 }, new long[] { 1 }, "elements of 2 bytes")]
    [InlineData(5, 0, new long[] { 4 }, new long[] { 1 }, "elements of 2 bytes")]
    [InlineData(long.MaxValue, 0, new long[] { 4 }, new long[] { 1 }, "elements of 2 bytes")]
    [InlineData(4, 1, new long[] { 4 }, new long[] { 1 }, "does not fit")]
    [InlineData(4, -1, new long[] { 4 }, new long[] { 1 }, "does not fit")]
    [InlineData(4, 5, new long[] { 0 }, new long[] { 1 }, "does not fit")]
    [InlineData(4, long.MaxValue, new long[] { 4 }, new long[] { 1 }, "does not fit")]
    [InlineData(4, 0, new long[] { 5 }, new long[] { 1 }, "does not fit")]
    [InlineData(4, 0, new[] { 1L << 32, 1L << 32 }, new[] { 1L << 32, 1 }, "does not fit")]
    [InlineData(4, 0, new[] { 1L << 62, 4, 4 }, new long[] { 16, 4, 1 }, "does not fit")]
    [InlineData(4, 0, new[] { long.MaxValue, long.MaxValue, 0 }, new long[] { 0, 0, 1 }, "does not fit")]
    [InlineData(4, 0, new long[] { 2, 2 }, new long[] { 1, 2 }, "strides [1,2]")]
    [InlineData(4, 0, new long[] { 2, 2 }, new long[] { 0, 1 }, "strides [0,1]")]
    [InlineData(4, 0, new long[] { 4 }, new long[] { 0 }, "strides [0]")]
    [InlineData(4, 0, new long[] { 2 }, new long[] { 2 }, "strides [2]")]
    [InlineData(4, 0, new long[] { 4 }, new long[] { -1 }, "strides [-1]")]
    [InlineData(4, 0, new long[] { 4 }, new long[] { 1, 1 }, "shape and strides")]
    [InlineData(4, 0, new long[] { 4, 1, 1, 1, 1, 1, 1, 1, 1 }, new long[] { 1, 1, 1, 1, 1, 1, 1, 1, 1 }, "shape")]
    public void A_tensor_that_does_not_lie_in_its_storage_is_refused(
        long count, long offset, long[] shape, long[] strides, string message)
    {
        var fault = Refuse(PickleBytes.Of("w", "HalfStorage", count, shape, strides, offset));
        Assert.Contains(message, fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new long[] { 4 }, new long[] { 1 }, 0)]
    [InlineData(new long[] { 1, 4 }, new long[] { 99, 1 }, 0)]
    [InlineData(new long[] { 2, 1, 1 }, new long[] { 1, 0, -7 }, 2)]
    [InlineData(new long[] { }, new long[] { }, 3)]
    [InlineData(new long[] { 0, 3 }, new long[] { 3, 1 }, 4)]
    public void Strides_of_dimensions_of_one_do_not_matter(long[] shape, long[] strides, long offset)
    {
        using var folder = SmallCheckpoint.WithTorch(
            SmallCheckpoint.Torch(PickleBytes.Of("w", "HalfStorage", 4, shape, strides, offset)));
        using var checkpoint = Checkpoint.Open(folder.Path);
        var tensor = checkpoint.Get("w", shape);
        var values = new float[tensor.Count];
        checkpoint.Read(tensor, values);
        Assert.Equal(Enumerable.Range((int)offset + 1, values.Length).Select(value => (float)value), values);
    }

    [Fact]
    public void What_else_lies_beside_the_tensors_does_not_matter()
    {
        // A parameter, module versions as OrderedDict's state, a number, an int64 buffer: torch.save writes them all.
        var pickle = new PickleBytes().Global("collections", "OrderedDict").Code(')').Code('R').Code('(')
            .Text("w").Global("torch._utils", "_rebuild_parameter").Code('(')
            .Tensor("HalfStorage", "0", 4, 0, [2, 2], [2, 1]).Raw(0x88).Code('N').Code('t').Code('R')
            .Text("step").Code('G').Raw(new byte[8])
            .Text("position_ids").Tensor("LongStorage", "0", 1, 0, [1], [1])
            .Code('u').Code('}').Text("_metadata").Code('}').Code('s').Code('b').Code('.').ToArray();
        using var folder = SmallCheckpoint.WithTorch(SmallCheckpoint.Torch(pickle));
        using var checkpoint = Checkpoint.Open(folder.Path);
        Assert.Equal(["position_ids", "w"], checkpoint.Tensors.Keys.Order());
        Assert.Equal(ElementType.Other, checkpoint.Tensors["position_ids"].Type);
        Assert.Equal(8, checkpoint.Tensors["position_ids"].ByteCount);
        Assert.Throws<CheckpointException>(() => checkpoint.Get("position_ids"));
    }

    [Fact]
    public void A_dictionary_around_the_state_is_explained()
    {
        var pickle = new PickleBytes().Code('}').Text("state_dict").Code('}')
            .Text("w").Tensor("HalfStorage", "0", 4, 0, [4], [1]).Code('s').Code('s').Code('.').ToArray();
        Assert.Contains("top level", Refuse(pickle).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_name_twice_is_refused()
    {
        var pickle = new PickleBytes().Code('}').Code('(')
            .Text("w").Tensor("HalfStorage", "0", 4, 0, [4], [1])
            .Text("w").Tensor("HalfStorage", "0", 4, 0, [2], [1]).Code('u').Code('.').ToArray();
        Assert.Contains("used before", Refuse(pickle).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_cannot_speak_to_a_terminal()
    {
        var fault = Refuse(PickleBytes.Of("w\u001b[2J\r\nfine", "HalfStorage", 4, [5], [1]));
        Assert.DoesNotContain(fault.Message, char.IsControl);
    }

    [Fact]
    public void A_dictionary_that_contains_itself_does_not_hang_the_reader()
    {
        var pickle = new PickleBytes().Code('}').Raw((byte)'q', 0).Raw((byte)'h', 0).Raw((byte)'h', 0).Code('s')
            .Code('.').ToArray();
        AssertQuick(() => Refuse(pickle));
    }

    private static CheckpointException Refuse(byte[] pickle) =>
        SmallCheckpoint.Refused("pytorch_model.bin", SmallCheckpoint.Torch(pickle));

    private static void AssertQuick(Action action)
    {
        var started = Stopwatch.GetTimestamp();
        action();
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10));
    }
}
