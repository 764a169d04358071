using System.Reflection;
using System.Reflection.Emit;
using System.Text.RegularExpressions;

namespace MobileVlm.Edge.Architecture.Tests;

/// <summary>Which feature of a project uses which other one: in what was compiled (types of members, and what method
/// bodies refer to) and in the <c>using</c> lines of the source, because constants leave no trace in what was
/// compiled.</summary>
internal sealed partial class FeatureGraph
{
    private static readonly Dictionary<short, OperandType> Operands = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!)
        .ToDictionary(code => code.Value, code => code.OperandType);

    private readonly SortedDictionary<(string From, string To), string> _uses = [];
    private readonly string _root;

    private FeatureGraph(string root) => _root = root;

    /// <summary>Each use of one feature by another, without the project's prefix, with an example.</summary>
    public IReadOnlyDictionary<(string From, string To), string> Uses => _uses;

    /// <param name="project">Its folder: <c>Inference</c>.</param>
    /// <param name="assembly">What it was compiled to.</param>
    public static FeatureGraph Read(string project, Assembly assembly)
    {
        var graph = new FeatureGraph($"MobileVlm.Edge.{project}");
        foreach (var type in assembly.GetTypes())
        {
            foreach (var used in Used(type).SelectMany(Parts).Where(used => used.Assembly == assembly))
            {
                graph.Add(type.Namespace, used.Namespace, $"{type.FullName} uses {used.FullName}");
            }
        }

        foreach (var file in Repository.Sources(project))
        {
            var from = file.Lines.Select(line => NamespaceLine().Match(line)).FirstOrDefault(match => match.Success)?.Groups[1].Value;
            foreach (var used in file.Lines.Select(line => UsingLine().Match(line)).Where(match => match.Success))
            {
                graph.Add(from, used.Groups[1].Value, $"{file.Path} has 'using {used.Groups[1].Value}'");
            }
        }

        return graph;
    }

    /// <summary>Features that use each other, directly or through others: the names of each group, with commas.</summary>
    public IReadOnlyList<string> Cycles()
    {
        var next = _uses.Keys.ToLookup(use => use.From, use => use.To);
        var names = _uses.Keys.SelectMany(use => (string[])[use.From, use.To]).Distinct().Order(StringComparer.Ordinal).ToList();
        var reach = names.ToDictionary(name => name, name => Reach(name, next));
        return [.. names
            .Where(name => reach[name].Contains(name))
            .Select(name => string.Join(", ", names.Where(other => reach[name].Contains(other) && reach[other].Contains(name))))
            .Distinct()];
    }

    private static HashSet<string> Reach(string start, ILookup<string, string> next)
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>([start]);
        while (open.TryPop(out var name))
        {
            foreach (var used in next[name].Where(seen.Add))
            {
                open.Push(used);
            }
        }

        return seen;
    }

    private void Add(string? from, string? to, string example)
    {
        if (IsOfProject(from) && IsOfProject(to) && (Feature(from!), Feature(to!)) is var use && use.Item1 != use.Item2)
        {
            _uses.TryAdd(use, example);
        }
    }

    private bool IsOfProject(string? name) => name == _root || name?.StartsWith($"{_root}.", StringComparison.Ordinal) == true;

    private string Feature(string name)
    {
        if (name == _root)
        {
            return "(root)";
        }

        var folders = name[(_root.Length + 1)..].Split('.');
        return string.Join('.', folders.Take(folders[0] == "Import" ? 2 : 1));
    }

    /// <summary>All types that the members of a type refer to.</summary>
    private static IEnumerable<Type> Used(Type type)
    {
        const BindingFlags All = BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        IEnumerable<Type?> declared =
        [
            type.BaseType, .. type.GetInterfaces(), .. type.GetFields(All).Select(field => field.FieldType),
            .. type.GetMethods(All).Select(method => method.ReturnType),
            .. type.GetMethods(All).Concat<MethodBase>(type.GetConstructors(All)).SelectMany(InMethod),
        ];
        return declared.OfType<Type>();
    }

    private static IEnumerable<Type> InMethod(MethodBase method)
    {
        foreach (var parameter in method.GetParameters())
        {
            yield return parameter.ParameterType;
        }

        if (method.GetMethodBody() is not { } body)
        {
            yield break;
        }

        foreach (var type in body.LocalVariables.Select(local => local.LocalType)
            .Concat(body.ExceptionHandlingClauses.Where(clause => clause.Flags == ExceptionHandlingClauseOptions.Clause).Select(clause => clause.CatchType!)))
        {
            yield return type;
        }

        Type[] typeArguments = method.DeclaringType!.IsGenericType ? method.DeclaringType.GetGenericArguments() : [];
        Type[] methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : [];
        foreach (var token in Tokens(body.GetILAsByteArray()!))
        {
            var member = method.Module.ResolveMember(token, typeArguments, methodArguments)!;
            if (member is Type type)
            {
                yield return type;
            }
            else
            {
                yield return member.DeclaringType!;
                foreach (var argument in member is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericArguments() : [])
                {
                    yield return argument;
                }
            }
        }
    }

    /// <summary>Metadata tokens of the types, methods and fields that instructions refer to.</summary>
    private static IEnumerable<int> Tokens(byte[] code)
    {
        for (var at = 0; at < code.Length;)
        {
            var value = (short)code[at++];
            if (value == 0xFE)
            {
                value = (short)(0xFE00 | code[at++]);
            }

            var operand = Operands[value];
            if (operand is OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType)
            {
                yield return BitConverter.ToInt32(code, at);
            }

            at += operand switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 + (4 * BitConverter.ToInt32(code, at)),
                _ => 4,
            };
        }
    }

    /// <summary>The type itself, and those that it is made of.</summary>
    private static IEnumerable<Type> Parts(Type type) =>
        type.HasElementType ? Parts(type.GetElementType()!)
        : type.IsGenericParameter ? []
        : type.IsConstructedGenericType ? type.GetGenericArguments().SelectMany(Parts).Prepend(type.GetGenericTypeDefinition())
        : [type];

    [GeneratedRegex(@"^namespace ([\w.]+);")]
    private static partial Regex NamespaceLine();

    [GeneratedRegex(@"^using (?:static )?([\w.]+);")]
    private static partial Regex UsingLine();
}
