namespace MobileVlm.Edge.Connectors.Mqtt.Payloads;

/// <summary>What a state or an answer is to subscribers. Inference has its own enum of what a model can be asked for, and shares no
/// type with this project; the two meet in one place, in Actors.</summary>
public enum AnswerType
{
    /// <summary>Written text; the default of an ad-hoc question.</summary>
    Text,

    /// <summary>Scored: <c>yes</c> or <c>no</c> with a probability.</summary>
    YesNo,

    /// <summary>Scored: one of the given choices, with a probability of each.</summary>
    Choice,

    /// <summary>A number, with or without a unit.</summary>
    Number,
}
