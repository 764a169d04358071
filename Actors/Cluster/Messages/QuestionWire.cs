using Google.Protobuf;
using MobileVlm.Edge.Inference.Answers;

namespace MobileVlm.Edge.Actors.Cluster.Messages;

/// <summary>Questions and answers as parts of messages. Field numbers are never used again for something else.</summary>
internal static class QuestionWire
{
    /// <summary>Most tokens of an answer; the largest context has fewer.</summary>
    private const int MaxTokens = 65_536;

    public static void Write(CodedOutputStream output, Question question)
    {
        output.WriteNumber(1, (int)question.Kind);
        output.WriteText(2, question.Text);
        output.WriteNumber(3, question.MaxTokens);
        foreach (var choice in question.Choices)
        {
            output.WriteText(4, choice);
        }

        output.WriteText(5, question.Suffix);
        output.WriteReal(6, question.MinMass);
        foreach (var id in question.Draft)
        {
            output.WriteNumber(7, id);
        }
    }

    public static Question ReadQuestion(byte[] bytes)
    {
        var (kind, maxTokens, text) = (AnswerKind.YesNo, 1, "");
        var (choices, draft) = (new List<string>(), new List<int>());
        string? suffix = null;
        double? minMass = null;
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1: kind = Defined((AnswerKind)input.ReadCount(int.MaxValue)); break;
                case 2: text = input.ReadText(WireFormat.MaxTextBytes); break;
                case 3: maxTokens = input.ReadCount(MaxTokens); break;
                case 4: choices.AddUpTo(WireFormat.MaxItems, input.ReadText(WireFormat.MaxTextBytes)); break;
                case 5: suffix = input.ReadText(WireFormat.MaxTextBytes); break;
                case 6: minMass = input.ReadReal(); break;
                case 7: draft.AddUpTo(WireFormat.MaxItems, input.ReadCount(int.MaxValue)); break;
                default: return false;
            }

            return true;
        });
        return new Question(text, kind, maxTokens) { Choices = choices, Suffix = suffix, MinMass = minMass, Draft = draft };
    }

    public static void Write(CodedOutputStream output, RemoteAnswer answer)
    {
        output.WriteText(1, answer.Value);
        output.WriteText(2, answer.Text);
        output.WriteReal(3, answer.Score);
        output.WriteReal(4, answer.Mass);
        foreach (var score in answer.ChoiceScores)
        {
            output.WriteReal(5, score);
        }

        foreach (var id in answer.TokenIds)
        {
            output.WriteNumber(6, id);
        }

        output.WriteNumber(7, (int)answer.Finish);
        output.WriteNumber(8, answer.Timings.Prefill.Ticks);
        output.WriteNumber(9, answer.Timings.Decode.Ticks);
        output.WriteText(10, answer.Suffix);
        output.WriteReal(11, answer.MinMass);
        if (answer.Failure is { } failure)
        {
            output.WriteNumber(12, (int)failure);
            output.WriteText(13, Cut(answer.FailureMessage));
        }
    }

    public static RemoteAnswer ReadAnswer(byte[] bytes)
    {
        var answer = new RemoteAnswer { Value = "", Text = "", Finish = FinishReason.Stopped };
        var (scores, ids) = (new List<double>(), new List<int>());
        WireFormat.ReadAll(bytes, (field, input) =>
        {
            switch (field)
            {
                case 1: answer = answer with { Value = input.ReadText(WireFormat.MaxTextBytes) }; break;
                case 2: answer = answer with { Text = input.ReadText(WireFormat.MaxTextBytes) }; break;
                case 3: answer = answer with { Score = input.ReadReal() }; break;
                case 4: answer = answer with { Mass = input.ReadReal() }; break;
                case 5: scores.AddUpTo(WireFormat.MaxItems, input.ReadReal()); break;
                case 6: ids.AddUpTo(WireFormat.MaxItems, input.ReadCount(int.MaxValue)); break;
                case 7: answer = answer with { Finish = Defined((FinishReason)input.ReadCount(int.MaxValue)) }; break;
                case 8: answer = answer with { Timings = answer.Timings with { Prefill = ReadDuration(input) } }; break;
                case 9: answer = answer with { Timings = answer.Timings with { Decode = ReadDuration(input) } }; break;
                case 10: answer = answer with { Suffix = input.ReadText(WireFormat.MaxTextBytes) }; break;
                case 11: answer = answer with { MinMass = input.ReadReal() }; break;
                case 12: answer = answer with { Failure = Defined((AnswerFailureKind)input.ReadCount(int.MaxValue)) }; break;
                case 13: answer = answer with { FailureMessage = Cut(input.ReadText(WireFormat.MaxTextBytes)) }; break;
                default: return false;
            }

            return true;
        });
        return answer with { ChoiceScores = scores, TokenIds = ids };
    }

    /// <summary>A duration, 0 or more and less than a day.</summary>
    public static TimeSpan ReadDuration(CodedInputStream input)
    {
        var span = TimeSpan.FromTicks(input.ReadInt64());
        return span >= TimeSpan.Zero && span < TimeSpan.FromDays(1)
            ? span
            : throw new InvalidDataException("A duration is negative or longer than a day.");
    }

    /// <summary>The beginning of a message for people, in one line, as a log can show it.</summary>
    public static string Cut(string text)
    {
        const int MaxLength = 500;
        return string.Concat(text.Take(MaxLength).Select(letter => char.IsControl(letter) ? ' ' : letter));
    }

    private static T Defined<T>(T value)
        where T : struct, Enum => Enum.IsDefined(value) ? value : throw new InvalidDataException($"{typeof(T).Name} has no value {value}.");
}
