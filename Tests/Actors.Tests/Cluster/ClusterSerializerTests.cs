using Akka.Actor;
using MobileVlm.Edge.Actors.Cluster.Messages;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Tests.Cluster;

public sealed class ClusterSerializerTests : IDisposable
{
    private readonly ActorSystem _system = ActorSystem.Create("serializer", "akka { loglevel = OFF, stdout-loglevel = OFF }");
    private readonly ClusterSerializer _serializer;

    public ClusterSerializerTests() => _serializer = new ClusterSerializer((ExtendedActorSystem)_system);

    public void Dispose() => _system.Dispose();

    private static FrameToAnswer Frame(int size = 4) => new(
        7,
        8,
        size,
        Enumerable.Range(0, size * size * 3).Select(at => (byte)at).ToArray(),
        [
            new Question("Is there a person?", AnswerKind.YesNo) { MinMass = 0.25, Suffix = "Answer yes or no." },
            new Question("Which colour?", AnswerKind.Choice) { Choices = ["röd", "blue"] },
            new Question("Describe.", AnswerKind.Text, 64) { Draft = [1, 2, 32_000] },
        ],
        2,
        true);

    private static AnswerGiven Given => new(
        9,
        1,
        new RemoteAnswer
        {
            Value = "blue",
            Text = "Blue",
            Score = 0.1 + 0.2,
            Mass = 1e-300,
            ChoiceScores = [0.3, 0.7],
            TokenIds = [5, 6],
            Finish = FinishReason.Length,
            Timings = new AnswerTimings(TimeSpan.FromMilliseconds(1.5), TimeSpan.FromTicks(1)),
            Suffix = "",
            MinMass = 0.5,
            Failure = AnswerFailureKind.TooLong,
            FailureMessage = "too long",
        },
        TimeSpan.FromMilliseconds(3));

    private static IReadOnlyList<ClusterMessage> All =>
    [
        new HostPresent(long.MinValue, 1, 3, new ClusterModel("demo", "ab12", 336, 0x7B7568), 2),
        new FrameAvailable(),
        new FrameRequest(long.MaxValue),
        Frame(),
        new NoFrame(-1),
        Given,
        new RequestEnded(4, "the model failed"),
        new ClusterPart(["10.0.0.1:7071", "b\u00f6x.lan:7071"]),
    ];

    private ClusterMessage Again(ClusterMessage message) =>
        (ClusterMessage)_serializer.FromBinary(_serializer.ToBinary(message), _serializer.Manifest(message));

    [Fact]
    public void Each_message_arrives_as_it_was_sent()
    {
        foreach (var message in All)
        {
            Assert.Equivalent(message, Again(message), strict: true);
        }
    }

    [Fact]
    public void A_score_arrives_bit_for_bit()
    {
        var arrived = (AnswerGiven)Again(Given);
        Assert.Equal(BitConverter.DoubleToInt64Bits(0.1 + 0.2), BitConverter.DoubleToInt64Bits(arrived.Answer.Score!.Value));
    }

    [Fact]
    public void A_picture_of_another_length_than_its_size_is_not_read()
    {
        var wrong = Frame() with { Size = 5 };
        var read = Assert.IsType<UnreadableMessage>(Again(wrong));
        Assert.Contains("75 bytes, not 48", read.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_field_that_is_not_known_is_skipped_and_a_message_that_is_not_known_is_reported()
    {
        byte[] newer = [.. _serializer.ToBinary(new FrameRequest(7)), 0xF8, 0x07, 0x2A];
        Assert.Equal(new FrameRequest(7), _serializer.FromBinary(newer, "R"));
        Assert.Equal("Q", Assert.IsType<UnreadableMessage>(_serializer.FromBinary([], "Q")).Manifest);
    }

    [Fact]
    public void A_length_beyond_the_message_allocates_nothing()
    {
        // Field 4, a block of 2 GiB.
        byte[] huge = [0x22, 0xFF, 0xFF, 0xFF, 0xFF, 0x07];
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.IsType<UnreadableMessage>(_serializer.FromBinary(huge, "F"));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    [Fact]
    public void Damaged_messages_are_read_or_refused_and_never_throw()
    {
        var damage = new Damage(23);
        var good = All.Select(message => (Bytes: _serializer.ToBinary(message), Manifest: _serializer.Manifest(message))).ToList();
        for (var run = 0; run < 3000 * Damage.Longer; run++)
        {
            var bytes = damage.Of([.. good.Select(it => it.Bytes)]);
            foreach (var manifest in good.Select(it => it.Manifest))
            {
                if (Assert.IsAssignableFrom<ClusterMessage>(_serializer.FromBinary(bytes, manifest)) is var message and not UnreadableMessage)
                {
                    AssertWithinLimits(message);
                }
            }
        }
    }

    [Fact]
    public void Messages_of_arbitrary_fields_are_read_within_their_limits_or_refused()
    {
        var fields = new ArbitraryFields(23);
        var read = 0;
        for (var run = 0; run < 3000 * Damage.Longer; run++)
        {
            var bytes = fields.Message();
            foreach (var manifest in All.Select(_serializer.Manifest))
            {
                var message = Assert.IsAssignableFrom<ClusterMessage>(_serializer.FromBinary(bytes, manifest));
                if (message is not UnreadableMessage)
                {
                    read++;
                    AssertWithinLimits(message);
                }
            }
        }

        Assert.True(read > 1000, $"only {read} messages were read, so the limits were hardly tried");
    }

    /// <summary>What was read can be published and sent on, and is the same after that.</summary>
    private void AssertWithinLimits(ClusterMessage message)
    {
        switch (message)
        {
            case HostPresent present:
                Assert.InRange(present.Capacity, 1, WireFormat.MaxCapacity);
                Assert.InRange(present.Model.PictureSize, 1, WireFormat.MaxPictureSize);
                Assert.DoesNotContain(present.Model.Name, char.IsControl);
                break;
            case AnswerGiven { Answer: var answer } given:
                Assert.All(answer.ChoiceScores.Append(answer.Score ?? 0).Append(answer.Mass ?? 0).Append(answer.MinMass ?? 0), it => Assert.True(double.IsFinite(it)));
                Assert.InRange(given.EncodeTime, TimeSpan.Zero, TimeSpan.FromDays(1));
                Assert.DoesNotContain(answer.FailureMessage, char.IsControl);
                break;
            case ClusterPart part:
                Assert.InRange(part.Hosts.Count, 0, WireFormat.MaxHosts);
                Assert.All(part.Hosts, host => Assert.DoesNotContain(host, char.IsControl));
                break;
            case RequestEnded ended:
                Assert.InRange(ended.Failure.Length, 0, 500);
                break;
        }

        var sent = _serializer.ToBinary(message);
        var again = _serializer.ToBinary(_serializer.FromBinary(sent, _serializer.Manifest(message)));
        Assert.True(sent.AsSpan().SequenceEqual(again));
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void A_score_that_cannot_be_published_is_not_read(double score)
    {
        var answer = new AnswerGiven(1, 0, new RemoteAnswer { Value = "yes", Text = "yes", Score = score, Finish = FinishReason.Stopped }, TimeSpan.Zero);
        Assert.IsType<UnreadableMessage>(Again(answer));
    }

    [Fact]
    public void A_text_that_was_cut_inside_a_character_is_sent_all_the_same()
    {
        var ended = new RequestEnded(1, new string('x', 499) + "\U0001F6AA and more");
        var arrived = Assert.IsType<RequestEnded>(Again(ended));
        Assert.StartsWith(new string('x', 499), arrived.Failure, StringComparison.Ordinal);
        Assert.Equal("two lines", Assert.IsType<RequestEnded>(Again(new RequestEnded(1, "two\nlines"))).Failure);
    }

    [Fact]
    public void A_host_cannot_ask_for_more_frames_than_the_limit() => Assert.IsType<UnreadableMessage>(
        Again(new HostPresent(1, 1, 1, new ClusterModel("demo", "ab12", 336, 0), WireFormat.MaxCapacity + 1)));

    [Fact]
    public void A_message_that_the_transport_would_drop_is_not_written()
    {
        var large = new RequestEnded(1, "") with { Failure = "x" };
        Assert.NotEmpty(_serializer.ToBinary(large));
        Assert.Throws<ArgumentException>(() => _serializer.ToBinary(Frame(600)));
    }

    [Theory]
    [InlineData(AnswerKind.YesNo, "maybe")]
    [InlineData(AnswerKind.Choice, "green")]
    public void An_answer_that_does_not_belong_to_the_question_is_refused(AnswerKind kind, string value)
    {
        var question = new Question("?", kind) { Choices = ["red", "blue"] };
        var answer = new RemoteAnswer { Value = value, Text = value, Score = 0.5, ChoiceScores = [0.5, 0.5], Finish = FinishReason.Stopped };
        Assert.Null(answer.ToAnswer(question));
    }
}
