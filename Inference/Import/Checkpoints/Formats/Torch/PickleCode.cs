namespace MobileVlm.Edge.Inference.Import.Checkpoints.Formats.Torch;

/// <summary>The instructions that torch.save uses; the values are those of Python's pickletools.</summary>
internal enum PickleCode : byte
{
    Mark = (byte)'(',
    Stop = (byte)'.',
    None = (byte)'N',
    BinInt = (byte)'J',
    BinInt1 = (byte)'K',
    BinInt2 = (byte)'M',
    BinFloat = (byte)'G',
    BinUnicode = (byte)'X',
    EmptyList = (byte)']',
    Append = (byte)'a',
    Appends = (byte)'e',
    EmptyDict = (byte)'}',
    SetItem = (byte)'s',
    SetItems = (byte)'u',
    EmptyTuple = (byte)')',
    Tuple = (byte)'t',
    BinGet = (byte)'h',
    LongBinGet = (byte)'j',
    BinPut = (byte)'q',
    LongBinPut = (byte)'r',
    Global = (byte)'c',
    Reduce = (byte)'R',
    Build = (byte)'b',
    BinPersistentId = (byte)'Q',

    /// <summary>Known only to name what it would have created.</summary>
    Instance = (byte)'i',

    Protocol = 0x80,
    Tuple1 = 0x85,
    Tuple2 = 0x86,
    Tuple3 = 0x87,
    NewTrue = 0x88,
    NewFalse = 0x89,
    Long1 = 0x8a,
    ShortBinUnicode = 0x8c,
    StackGlobal = 0x93,
    Memoize = 0x94,
    Frame = 0x95,
}
