using Akka.Actor;
using Akka.Serialization;
using MobileVlm.Edge.Actors.Settings;
using MobileVlm.Edge.Inference.Answers;
using MobileVlm.Edge.Inference.Images;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>The wire format of <see cref="ClusterMessage"/>: protocol buffers under one short name for each message. What arrives and cannot
/// be read becomes an <see cref="UnreadableMessage"/>, so that the connection lives and the receiver can count it.</summary>
public sealed class ClusterSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <inheritdoc/>
    public override int Identifier => 7071;

    /// <inheritdoc/>
    public override string Manifest(object o) => o switch
    {
        HostPresent => "P",
        FrameAvailable => "V",
        FrameRequest => "R",
        FrameToAnswer => "F",
        NoFrame => "N",
        AnswerGiven => "A",
        RequestEnded => "E",
        ClusterPart => "M",
        _ => throw new ArgumentException($"{o.GetType().Name} is not a message between hosts.", nameof(o)),
    };

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => WireFormat.Bytes(output =>
    {
        switch (obj)
        {
            case HostPresent present:
                output.WriteNumber(1, present.Instance);
                output.WriteNumber(2, present.OldestVersion);
                output.WriteNumber(3, present.Version);
                output.WriteText(4, present.Model.Name);
                output.WriteText(5, present.Model.Fingerprint);
                output.WriteNumber(6, present.Model.PictureSize);
                output.WriteNumber(7, present.Model.Padding);
                output.WriteNumber(8, present.Capacity);
                break;
            case FrameAvailable:
                break;
            case FrameRequest request:
                output.WriteNumber(1, request.Ticket);
                break;
            case FrameToAnswer frame:
                output.WriteNumber(1, frame.Ticket);
                output.WriteNumber(2, frame.Request);
                output.WriteNumber(3, frame.Size);
                output.WriteBlock(4, frame.Pixels);
                foreach (var question in frame.Questions)
                {
                    output.WriteNested(5, nested => QuestionWire.Write(nested, question));
                }

                output.WriteNumber(6, frame.StandingCount);
                output.WriteNumber(7, frame.HasMore ? 1 : 0);
                break;
            case NoFrame none:
                output.WriteNumber(1, none.Ticket);
                break;
            case AnswerGiven given:
                output.WriteNumber(1, given.Request);
                output.WriteNumber(2, given.Index);
                output.WriteNested(3, nested => QuestionWire.Write(nested, given.Answer));
                output.WriteNumber(4, given.EncodeTime.Ticks);
                break;
            case RequestEnded ended:
                output.WriteNumber(1, ended.Request);
                output.WriteText(2, QuestionWire.Cut(ended.Failure));
                break;
            case ClusterPart part:
                foreach (var host in part.Hosts.Take(WireFormat.MaxHosts))
                {
                    output.WriteText(1, host);
                }

                break;
            default:
                throw new ArgumentException($"{obj.GetType().Name} is not a message between hosts.", nameof(obj));
        }
    });

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        try
        {
            return manifest switch
            {
                "P" => ReadPresent(bytes),
                "V" => new FrameAvailable(),
                "R" => new FrameRequest(ReadNumbers(bytes)[1]),
                "F" => ReadFrame(bytes),
                "N" => new NoFrame(ReadNumbers(bytes)[1]),
                "A" => ReadAnswer(bytes),
                "E" => ReadEnded(bytes),
                "M" => ReadPart(bytes),
                _ => new UnreadableMessage(Shown(manifest), "This version does not know the message."),
            };
        }
        catch (InvalidDataException fault)
        {
            return new UnreadableMessage(Shown(manifest), fault.Message);
        }
    }

    private static HostPresent ReadPresent(byte[] bytes)
    {
        var numbers = new long[9];
        var (name, fingerprint) = ("", "");
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1: numbers[field] = input.ReadInt64(); break;
                case 2 or 3: numbers[field] = input.ReadCount(int.MaxValue); break;
                case 4: name = input.ReadName(); break;
                case 5: fingerprint = input.ReadName(); break;
                case 6: numbers[field] = input.ReadCount(WireFormat.MaxPictureSize); break;
                case 7: numbers[field] = input.ReadCount(0xFFFFFF); break;
                case 8: numbers[field] = input.ReadCount(WireFormat.MaxCapacity); break;
                default: return false;
            }

            return true;
        });
        return numbers[6] > 0 && numbers[8] > 0
            ? new HostPresent(
                numbers[1], (int)numbers[2], (int)numbers[3], new ClusterModel(name, fingerprint, (int)numbers[6], (int)numbers[7]), (int)numbers[8])
            : throw new InvalidDataException("The picture size or the capacity is missing.");
    }

    private static FrameToAnswer ReadFrame(byte[] bytes)
    {
        var numbers = new long[8];
        ReadOnlyMemory<byte> pixels = default;
        var questions = new List<Question>();
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1 or 2: numbers[field] = input.ReadInt64(); break;
                case 3: numbers[field] = input.ReadCount(WireFormat.MaxPictureSize); break;
                case 4: pixels = input.ReadBlock(SquarePicture.BytesOf(WireFormat.MaxPictureSize)); break;
                case 5:
                    questions.AddUpTo(
                        WireFormat.MaxQuestions, QuestionWire.ReadQuestion(input.ReadBlock(WireFormat.MaxMessageBytes).ToArray()));
                    break;
                case 6: numbers[field] = input.ReadCount(WireFormat.MaxQuestions); break;
                case 7: numbers[field] = input.ReadCount(1); break;
                default: return false;
            }

            return true;
        });
        var size = (int)numbers[3];
        if (size == 0 || pixels.Length != SquarePicture.BytesOf(size))
        {
            throw new InvalidDataException($"A picture of {size} x {size} pixels has {SquarePicture.BytesOf(size)} bytes, not {pixels.Length}.");
        }

        return questions.Count > 0 && numbers[6] <= questions.Count
            ? new FrameToAnswer(numbers[1], numbers[2], size, pixels, questions, (int)numbers[6], numbers[7] == 1)
            : throw new InvalidDataException($"{questions.Count} questions, of which {numbers[6]} are standing ones.");
    }

    private static AnswerGiven ReadAnswer(byte[] bytes)
    {
        var numbers = new long[3];
        var encode = TimeSpan.Zero;
        RemoteAnswer? answer = null;
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1: numbers[field] = input.ReadInt64(); break;
                case 2: numbers[field] = input.ReadCount(WireFormat.MaxQuestions); break;
                case 3: answer = QuestionWire.ReadAnswer(input.ReadBlock(WireFormat.MaxMessageBytes).ToArray()); break;
                case 4: encode = QuestionWire.ReadDuration(input); break;
                default: return false;
            }

            return true;
        });
        return new AnswerGiven(numbers[1], (int)numbers[2], answer ?? throw new InvalidDataException("The answer is missing."), encode);
    }

    private static RequestEnded ReadEnded(byte[] bytes)
    {
        var (request, failure) = (0L, "");
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1: request = input.ReadInt64(); break;
                case 2: failure = QuestionWire.Cut(input.ReadText(WireFormat.MaxTextBytes)); break;
                default: return false;
            }

            return true;
        });
        return new RequestEnded(request, failure);
    }

    private static ClusterPart ReadPart(byte[] bytes)
    {
        var hosts = new List<string>();
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            if (field != 1)
            {
                return false;
            }

            hosts.AddUpTo(WireFormat.MaxHosts, input.ReadName());
            return true;
        });
        return new ClusterPart(hosts);
    }

    private static long[] ReadNumbers(byte[] bytes)
    {
        var numbers = new long[2];
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            if (field != 1)
            {
                return false;
            }

            numbers[1] = input.ReadInt64();
            return true;
        });
        return numbers;
    }

    private static string Shown(string manifest) =>
        string.Concat(manifest.Take(32).Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '?'));
}
