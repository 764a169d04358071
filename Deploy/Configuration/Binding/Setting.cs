using System.Collections.Concurrent;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using MobileVlm.Edge.Deploy.Configuration.Rules;

namespace MobileVlm.Edge.Deploy.Configuration.Binding;

/// <summary>The kind of value that a key holds.</summary>
internal enum SettingShape
{
    Value,

    /// <summary>Several values of one kind.</summary>
    List,
    Group,
    Map,
}

/// <summary>A property of an options class, with everything that binding and the reference need.</summary>
internal sealed class Setting
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<Setting>> Known = new();

    private Setting(PropertyInfo property)
    {
        Property = property;
        Map = property.GetCustomAttribute<MapAttribute>();
        var type = property.PropertyType;
        var isList = type == typeof(List<string>);
        Type = Map is not null ? type.GetGenericArguments()[1]
            : isList ? typeof(string)
            : Nullable.GetUnderlyingType(type) ?? type;
        Shape = Map is not null ? SettingShape.Map
            : isList ? SettingShape.List
            : Type.IsClass && Type != typeof(string) ? SettingShape.Group
            : SettingShape.Value;
        Description = property.GetCustomAttribute<DescriptionAttribute>()?.Description
            ?? throw new InvalidOperationException($"{property.DeclaringType}.{Name} has no description.");
        IsRequired = property.IsDefined(typeof(RequiredAttribute));
        IsSecret = property.IsDefined(typeof(SecretAttribute));
        DefaultText = property.GetCustomAttribute<DefaultTextAttribute>()?.Text;
        Rules = [.. property.GetCustomAttributes<ValueRuleAttribute>()];
    }

    public PropertyInfo Property { get; }

    public string Name => Property.Name;

    public SettingShape Shape { get; }

    /// <summary>The type of the value, of the group, or of the map's entries.</summary>
    public Type Type { get; }

    /// <summary>True if the setting contains no keys.</summary>
    public bool IsLeaf => Shape is SettingShape.Value or SettingShape.List;

    public MapAttribute? Map { get; }

    public string Description { get; }

    public bool IsRequired { get; }

    public bool IsSecret { get; }

    public string? DefaultText { get; }

    public IReadOnlyList<ValueRuleAttribute> Rules { get; }

    /// <summary>True if an empty text is a value and not a mistake.</summary>
    public bool AllowsEmpty => Rules.OfType<TextLengthAttribute>().Any(rule => rule.AllowsEmpty);

    /// <summary>The accepted values, in words.</summary>
    public string Accepted => string.Join(
        ", ", Rules.Select(rule => rule.Accepted).Prepend(ScalarText.Accepted(Type)).OfType<string>());

    /// <summary>The settings of an options class, in the order in which they are declared.</summary>
    public static IReadOnlyList<Setting> Of(Type options) => Known.GetOrAdd(
        options, static type => [.. type.GetProperties().Where(property => property.CanWrite).Select(it => new Setting(it))]);
}
